/** A worker as the server has them: gets its ports of the store, writes through them, reads back, and says what it has read. */
import { parentPort } from 'node:worker_threads';
import { connectStore } from '../../src/store/sqlite/client.ts';
import type { StorePorts } from '../../src/store/thread/client.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';

parentPort?.once('message', async (ports: StorePorts) => {
  const store = connectStore(ports);
  const owner = 'g:1';
  const epoch = await store.fence(owner);
  const id = mint();
  await store.commit({ owner, epoch, writes: [{ w: 'putMessage', message: messageRecord('1', id) }] });
  const found = await store.message('1', id);
  await store.close();
  parentPort?.postMessage(found?.message.id === id ? `stored ${id}` : 'lost');
});
