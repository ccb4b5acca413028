import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { NOW } from './store-records.ts';
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
