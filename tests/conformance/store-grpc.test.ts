/** The store of a data service on SQLite, through its client. */
import { realClock } from '../../src/base/clock.ts';
import { DataServer } from '../../src/data/server.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { CLIENT_LIMITS, SERVER_LIMITS } from '../support/data-limits.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { ALIASES } from './store-guilds.ts';
import { NOW } from './store-records.ts';
import { runStoreSuite } from './store-suite.ts';

runStoreSuite({
  name: 'grpc',
  skip: { [ALIASES]: 'the service refuses such ids' },
  open: async () => {
    let now = NOW;
    const folder = new StoreFolder();
    const threads = await openSqlite({ dir: folder.dir, readers: 2 });
    const inner = connectStore(threads.connect(), { clock: { ...realClock, now: () => now } });
    const server = await DataServer.open({
      ...{ store: inner, clock: realClock, host: '127.0.0.1', port: 0, token: 'secret', isOnlyWriter: true },
      limits: SERVER_LIMITS,
      tls: null,
      printMetrics: async () => '',
      report: (error) => {
        throw error;
      },
    });
    const address = `127.0.0.1:${server.port}`;
    const store = await connectGrpc({ address, token: 'secret', claim: 'us', clock: realClock, limits: CLIENT_LIMITS });
    return {
      store,
      setNow: (at) => {
        now = at;
      },
      close: async () => {
        await store.close();
        await server.close();
        await inner.close();
        await threads.close();
        folder[Symbol.dispose]();
      },
    };
  },
});
