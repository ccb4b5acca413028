import { expect, test } from 'bun:test';
import { statSync } from 'node:fs';
import { guildKey } from '../../src/protocol/ids.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { WAL_BOUNDS } from '../../src/store/sqlite/wal.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { StoreFolder } from '../support/store-folder.ts';

const CHANNELS = 50;

test('the write-ahead log stays bounded under 50,000 writes with readers at work, and is empty after closing', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1 });
  const store = connectStore(threads.connect());
  const log = `${folder.dir}/guildhall.db-wal`;
  let [most, writing] = [0, true];
  const read = async (): Promise<void> => {
    while (writing) {
      await store.page({ channelId: '1', before: null, after: null, around: null, limit: 50 });
      most = Math.max(most, statSync(log).size);
    }
  };
  const write = async (channel: number): Promise<void> => {
    const owner = guildKey(String(channel));
    const epoch = await store.fence(owner);
    for (let n = 0; n < 50_000 / CHANNELS / 20; n += 1) {
      const messages = Array.from({ length: 20 }, () => messageRecord(String(channel), mint()));
      await store.commit({ owner, epoch, writes: messages.map((message) => ({ w: 'putMessage', message })) });
    }
  };
  const reading = read();
  await Promise.all(Array.from({ length: CHANNELS }, (_, n) => write(n + 1)));
  writing = false;
  await reading;
  await store.close();
  await threads.close();
  // The soft bound, what one transaction may add, and what readers may hold back for a moment.
  expect(most).toBeLessThan(3 * WAL_BOUNDS.softBytes);
  expect(most).toBeGreaterThan(0);
  expect(statSync(log, { throwIfNoEntry: false })?.size ?? 0).toBe(0);
  expect(statSync(`${folder.dir}/guildhall.db`).size).toBeGreaterThan(10 << 20);
});
