/** The store as the main thread holds it: its threads, and the lock on the data directory. */
import { accessSync, constants } from 'node:fs';
import type { Clock } from './base/clock.ts';
import { log } from './base/log.ts';
import type { Config } from './config.ts';
import { warnOfOpenToken } from './data-token.ts';
import { LIMITS } from './limits.ts';
import { newClaim, reachStore } from './reach-store.ts';
import { type ClusterOptions, migrateCql, openCql } from './store/cql/threads.ts';
import { lockDirectory, makeDirectory } from './store/sqlite/open.ts';
import { openSqlite, type SqliteThreads } from './store/sqlite/threads.ts';
import { rememberStore, wrongStore } from './store-kind.ts';
import type { StorePorts } from './threads.ts';
import { readCqlCa } from './tls-files.ts';

/** Null ports: each worker reaches the store by itself (reach-store.ts). */
export type HeldStore = Pick<SqliteThreads, 'died' | 'close' | 'limit'> & { connect(): StorePorts | null };

/** The directory is locked in any case: the command line's socket and the uploads lie there. Rejects with a sentence. */
export async function openStore(config: Config, clock: Clock, writerProgram?: URL): Promise<HeldStore> {
  const wrong = wrongStore(config);
  if (wrong !== null) throw new Error(wrong);
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
  let held: HeldStore | null = null;
  const close = async (): Promise<void> => {
    try {
      await held?.close();
    } finally {
      lock.close();
    }
  };
  try {
    held = await openElsewhere(config, clock);
    // Not before: what cannot be opened leaves the directory to the store that it has.
    rememberStore(config);
    return { ...held, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openElsewhere(config: Config, clock: Clock): Promise<HeldStore> {
  if (config.store === 'cql') return openCluster(config);
  if (config.store === 'data') {
    // Said here with a sentence, before workers fail at it.
    await (await reachStore(config, null, newClaim(), clock)).close();
    warnOfOpenToken(config, log.warn);
  }
  return { connect: () => null, limit: () => {}, died: new Promise(() => {}), close: async () => {} };
}

/** Its own bounds are those of whoever has the disks. */
async function openCluster(config: Config): Promise<HeldStore> {
  const threads = await openCql({
    ...clusterOf(config),
    commitDeadlineMs: LIMITS.commitMs,
    readDeadlineMs: LIMITS.readMs,
    logLevel: config.logLevel,
  });
  return { ...threads, limit: () => {} };
}

/** Throws with a sentence when a file that is named is not to be had. */
export function clusterOf(config: Config): ClusterOptions {
  const { cqlUsername: username, cqlPasswordFile: passwordFile } = config;
  if (username !== null && passwordFile === null)
    throw new Error('--cql-username needs --cql-password-file, a file with the password.');
  if (username === null && passwordFile !== null)
    throw new Error('--cql-password-file needs --cql-username, whose password it is.');
  if (passwordFile !== null) mustBeReadable(passwordFile);
  const ca = readCqlCa(config)?.toString() ?? null;
  const { localDatacenter, keyspace, replication, speculativeReads: speculativeReadsMs } = config;
  const contactPoints = config.contactPoints.split(',');
  const login = { username, passwordFile, ca };
  return { contactPoints, localDatacenter, keyspace, replication, ...login, speculativeReadsMs };
}

function mustBeReadable(file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The file of --cql-password-file cannot be read: ${why}`, { cause });
  }
}

/** Makes the tables of a cluster, or brings them to the newest version; null: this kind of store does so by itself. */
export async function migrateStore(config: Config): Promise<{ readonly from: number; readonly to: number } | null> {
  return config.store === 'cql' ? migrateCql(clusterOf(config)) : null;
}
