import { expect, test } from 'bun:test';
import { Fault } from '../../src/protocol/errors.ts';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { Write } from '../../src/protocol/writes.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { eventually } from '../support/eventually.ts';
import { StoreFolder } from '../support/store-folder.ts';

const CHANNEL = '1200000000000000000';
const big = (id: Snowflake): Write => ({ w: 'putMessage', message: messageRecord(CHANNEL, id, 'x'.repeat(2000)) });

async function codeOf(promise: Promise<unknown>): Promise<string | null> {
  const error: unknown = await promise.then(
    () => null,
    (rejection: unknown) => rejection,
  );
  if (error === null) return null;
  return error instanceof Fault ? error.code : String(error);
}

test('a full store refuses writes, still answers reads, and opens again by itself', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1, maxBytes: 3 << 20, probeMs: 20 });
  const store = connectStore(threads.connect());
  const other = connectStore(threads.connect());
  const owners = ['1', '2', '3', '4'].map((id) => guildKey(id));
  const epochs = await Promise.all(owners.map((owner) => store.fence(owner)));
  const [stored, failed]: [Snowflake[], Snowflake[]] = [[], []];
  const codes = new Set<string>();
  while (store.state === 'open') {
    const commits = owners.map(async (owner, n) => {
      const ids = [mint(), mint()];
      const code = await codeOf(store.commit({ owner, epoch: epochs[n]!, writes: ids.map(big) }));
      if (code === null) stored.push(...ids);
      else failed.push(...ids);
      if (code !== null) codes.add(code);
    });
    await Promise.all(commits);
  }
  expect([...codes]).toEqual(['full']);
  expect(stored.length).toBeGreaterThan(100);
  expect(store.state).toBe('full');
  await eventually('the other worker has heard that the store is full', () => other.state === 'full');
  expect(await codeOf(other.commit({ owner: owners[0]!, epoch: epochs[0]!, writes: [] }))).toBe('full');
  // A guild can still be loaded and read.
  expect(await store.fence(owners[1]!)).toBeGreaterThan(epochs[1]!);
  expect((await store.messages(CHANNEL, stored)).length).toBe(stored.length);
  expect(await store.messages(CHANNEL, failed)).toEqual([]);

  threads.limit(64 << 20);
  await eventually('the probe has opened the store', () => store.state === 'open' && other.state === 'open');
  await store.commit({ owner: owners[0]!, epoch: epochs[0]!, writes: failed.map(big) });
  expect((await other.messages(CHANNEL, failed)).length).toBe(failed.length);
  await store.close();
  await other.close();
  await threads.close();
  expect(await codeOf(store.commit({ owner: owners[0]!, epoch: epochs[0]!, writes: [] }))).toBe('unavailable');
});
