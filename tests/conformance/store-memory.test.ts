import { MemoryStore } from '../../src/store/memory/store.ts';
import { NOW } from './store-records.ts';
import { runStoreSuite } from './store-suite.ts';

runStoreSuite({
  name: 'memory',
  open: async () => {
    let now = NOW;
    const store = new MemoryStore({ clock: { now: () => now } });
    return {
      store,
      setNow: (at) => {
        now = at;
      },
      close: () => store.close(),
    };
  },
});
