import { MemoryStore } from '../../src/store/memory/store.ts';
import { NOW } from './store-records.ts';
import { runStoreSuite } from './store-suite.ts';

runStoreSuite({
  skip: {
    'reads that everybody has left are not made to their end, and the others are answered': 'it answers at once',
  },
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
