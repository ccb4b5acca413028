/** The store as the main thread holds it: its threads, and the lock on the data directory. */
import type { Config } from './config.ts';
import { LIMITS } from './limits.ts';
import { type ClusterOptions, migrateCql, openCql } from './store/cql/threads.ts';
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
  if (config.store === 'cql') return openCluster(config, () => lock.close());
  return { connect: () => null, limit: () => {}, died: new Promise(() => {}), close: async () => lock.close() };
}

/** Its own bounds are those of whoever has the disks. */
async function openCluster(config: Config, unlock: () => void): Promise<HeldStore> {
  try {
    const threads = await openCql({
      ...clusterOf(config),
      commitDeadlineMs: LIMITS.commitMs,
      readDeadlineMs: LIMITS.readMs,
    });
    return { ...threads, limit: () => {}, close: () => threads.close().finally(unlock) };
  } catch (error) {
    unlock();
    throw error;
  }
}

export const clusterOf = (config: Config): ClusterOptions => ({
  contactPoints: config.contactPoints.split(','),
  localDatacenter: config.localDatacenter,
  keyspace: config.keyspace,
  replication: config.replication,
  username: config.cqlUsername,
  passwordFile: config.cqlPasswordFile,
});

/** Makes the tables of a cluster, or brings them to the newest version; null: this kind of store does so by itself. */
export async function migrateStore(config: Config): Promise<{ readonly from: number; readonly to: number } | null> {
  return config.store === 'cql' ? migrateCql(clusterOf(config)) : null;
}
