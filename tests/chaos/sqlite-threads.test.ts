import { expect, test } from 'bun:test';
import { once } from 'node:events';
import { copyFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { StoreFolder } from '../support/store-folder.ts';

const WORKER = new URL('../support/store-worker.ts', import.meta.url);

test('ports can be given to workers; what one stores another one and the next opening read', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 2 });
  const ids: string[] = [];
  for (let n = 0; n < 2; n += 1) {
    const worker = new Worker(WORKER);
    const ports = threads.connect();
    worker.postMessage(ports, [ports.writer, ...ports.readers]);
    const [said] = await once(worker, 'message');
    expect(said).toStartWith('stored ');
    ids.push(String(said).slice('stored '.length));
    await worker.terminate();
  }
  const store = connectStore(threads.connect());
  expect((await store.messages('1', ids)).length).toBe(2);
  await store.close();
  await threads.close();
  const again = await openSqlite({ dir: folder.dir, readers: 1 });
  const reopened = connectStore(again.connect());
  expect((await reopened.messages('1', ids)).length).toBe(2);
  await reopened.close();
  await again.close();
});

test('when the writer thread dies the host is told, what was asked fails, and reads go on', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1 });
  const store = connectStore(threads.connect());
  const epoch = await store.fence('g:1');
  const id = mint();
  await store.commit({ owner: 'g:1', epoch, writes: [{ w: 'putMessage', message: messageRecord('1', id) }] });
  const rogue = threads.connect();
  rogue.writer.postMessage(['no such request']);
  expect(String(await threads.died)).toContain('a request is a commit, a fence or a release');
  const late = store.commit({ owner: 'g:1', epoch, writes: [] });
  await expect(late).rejects.toMatchObject({ code: 'unavailable' });
  expect(store.state).toBe('closed');
  expect((await store.message('1', id))?.message.id).toBe(id);
  await store.close();
  await threads.close();
});

test('a store of a newer program is refused, and the directory is free again', async () => {
  using folder = new StoreFolder();
  await (await openSqlite({ dir: folder.dir, readers: 1 })).close();
  const path = `${folder.dir}/guildhall.db`;
  const db = new DatabaseSync(path);
  const version = Number(db.prepare('pragma user_version').get()?.user_version);
  db.exec(`pragma user_version = ${version + 1}`);
  for (let n = 0; n < 2; n += 1) {
    await expect(openSqlite({ dir: folder.dir, readers: 1 })).rejects.toThrow('Start a newer Guildhall');
  }
  db.exec(`pragma user_version = ${version}`);
  db.close();
  await (await openSqlite({ dir: folder.dir, readers: 1 })).close();
});

test.each([
  ['removed', (file: string) => rmSync(file)],
  ['replaced', (file: string) => renameSync(`${file}.other`, file)],
])('a store whose file is %s ends: it went on and acknowledged what nobody would find', async (_what, change) => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1 });
  const store = connectStore(threads.connect());
  const epoch = await store.fence('g:1');
  const file = join(folder.dir, 'guildhall.db');
  copyFileSync(file, `${file}.other`);
  change(file);
  expect(String(await threads.died)).toContain(`${file} has been removed or replaced`);
  await expect(store.commit({ owner: 'g:1', epoch, writes: [] })).rejects.toMatchObject({ code: 'unavailable' });
  await store.close();
  await threads.close();
});
