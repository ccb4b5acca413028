import { describe, test } from 'bun:test';
import { realClock } from '../../src/base/clock.ts';
import { connectStore } from '../../src/store/cql/client.ts';
import { openCql } from '../../src/store/cql/threads.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { eventually } from '../support/eventually.ts';
import { NOW } from './store-records.ts';
import { runStoreSuite } from './store-suite.ts';

if (!(await hasCassandra())) describe('store cql', () => test.skip('needs Java and Maven', () => undefined));
else
  runStoreSuite({
    name: 'cql',
    open: async () => {
      let now = NOW;
      const options = await clusterOptions();
      // Its node may be busy with what another file left it to do.
      const threads = await eventually('the cluster lets us in', () => openCql(options), 150_000);
      const store = connectStore(threads.connect(), { clock: { ...realClock, now: () => now } });
      return {
        store,
        setNow: (at) => {
          now = at;
        },
        close: async () => {
          await store.close();
          await threads.close();
        },
      };
    },
  });
