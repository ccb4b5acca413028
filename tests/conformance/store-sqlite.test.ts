import { expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import type { Fault } from '../../src/protocol/errors.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { actor } from './store-cases.ts';
import { messageRecord, mint, NOW } from './store-records.ts';
import { runStoreSuite } from './store-suite.ts';

runStoreSuite({
  name: 'sqlite',
  open: async () => {
    let now = NOW;
    const dir = mkdtempSync(join(tmpdir(), 'guildhall-store-'));
    const threads = await openSqlite({ dir, readers: 2 });
    const store = connectStore(threads.connect(), { clock: { ...realClock, now: () => now } });
    return {
      store,
      setNow: (at) => {
        now = at;
      },
      close: async () => {
        await store.close();
        await threads.close();
        rmSync(dir, { recursive: true });
      },
    };
  },
});

test('reads that everybody has left are not made: the thread hears of it before their turn', async () => {
  using folder = new StoreFolder();
  const threads = await openSqlite({ dir: folder.dir, readers: 1 });
  const store = connectStore(threads.connect());
  try {
    const { commit } = await actor(store);
    const channelId = mint();
    for (let n = 0; n < 100; n += 1) await commit({ w: 'putMessage', message: messageRecord(channelId, mint()) });
    const query = { channelId, before: null, after: null, around: null, limit: 100 };
    const leaving = new AbortController();
    const reads = Array.from({ length: 1000 }, () => store.page(query, leaving.signal));
    await reads[0];
    leaving.abort();
    const ends = await Promise.allSettled(reads);
    const left = ends.filter((end) => end.status === 'rejected').map(({ reason }) => (reason as Fault).code);
    expect([left.length > 0, [...new Set(left)]]).toEqual([true, ['lost']]);
    expect((await store.page(query)).length).toBe(100);
  } finally {
    await store.close();
    await threads.close();
  }
});
