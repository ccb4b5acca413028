/**
 * A process that writes without pause until it is killed: `bun store-load.ts DIR CHANNEL`. It prints a line per epoch (`epoch N`) and per
 * message that the store has acknowledged (`stored ID`). Several actors write at once, so that transactions hold many batches.
 */

import { guildKey } from '../../src/protocol/ids.ts';
import { Mint } from '../../src/protocol/snowflake.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { messageRecord } from '../conformance/store-records.ts';

const [, , dir = '', channelId = ''] = process.argv;
const threads = await openSqlite({ dir, readers: 1 });
const store = connectStore(threads.connect());
const mint = new Mint(0);

async function write(actor: number): Promise<never> {
  const owner = guildKey(String(actor));
  const epoch = await store.fence(owner);
  console.log(`epoch ${epoch}`);
  for (;;) {
    const id = mint.next(Date.now());
    await store.commit({
      owner,
      epoch,
      writes: [
        { w: 'putMessage', message: messageRecord(channelId, id) },
        { w: 'putNonce', channelId, author: '77', nonce: id, messageId: id, at: Date.now() },
      ],
    });
    console.log(`stored ${id}`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, actor) => write(actor + 1)));
