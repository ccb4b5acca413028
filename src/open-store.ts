/** The store as the main thread holds it: its threads, and the lock on the data directory. */
import type { Config } from './config.ts';
import { LIMITS } from './limits.ts';
import { lockDirectory, makeDirectory } from './store/sqlite/open.ts';
import { openSqlite, type SqliteThreads } from './store/sqlite/threads.ts';
import type { StorePorts } from './threads.ts';

/** Null ports: each worker reaches the store by itself (reach-store.ts). */
export type HeldStore = Pick<SqliteThreads, 'died' | 'close' | 'limit'> & { connect(): StorePorts | null };

/** The directory is locked in any case: the command line's socket and the uploads lie there. */
export async function openStore(config: Config, writerProgram?: URL): Promise<HeldStore> {
  makeDirectory(config.dataDir);
  const { readers, probeMs, batchesPerCommit, walBytes } = LIMITS;
  if (config.store === 'sqlite')
    return openSqlite({
      dir: config.dataDir,
      readers,
      probeMs,
      batchesPerCommit,
      walBytes,
      ...(writerProgram && { writerProgram }),
    });
  const lock = lockDirectory(config.dataDir);
  return { connect: () => null, limit: () => {}, died: new Promise(() => {}), close: async () => lock.close() };
}
