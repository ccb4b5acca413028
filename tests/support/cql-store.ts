import { connectStore } from '../../src/store/cql/client.ts';
import type { ClusterOptions } from '../../src/store/cql/cluster.ts';
import { openCql } from '../../src/store/cql/threads.ts';
import type { Store } from '../../src/store/ports.ts';
import type { ConnectOptions } from '../../src/store/thread/client.ts';
import type { StoreThreads } from '../../src/store/thread/threads.ts';

/** The store on a keyspace, as a server of one worker has it. */
export class CqlStore implements AsyncDisposable {
  private constructor(
    readonly threads: StoreThreads,
    readonly store: Store,
  ) {}

  static async open(options: ClusterOptions, connect: ConnectOptions = {}): Promise<CqlStore> {
    const threads = await openCql(options);
    return new CqlStore(threads, connectStore(threads.connect(), connect));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
    await this.threads.close();
  }
}
