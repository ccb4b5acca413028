/** The host's side of the store on Cassandra: starts its thread. Runs in the main thread. */
import { Worker } from 'node:worker_threads';
import type { LogLevel } from '../../base/log.ts';
import { holdThreads, type StoreThreads, startThread } from '../thread/threads.ts';
import type { ClusterOptions } from './cluster.ts';
import type { KeyspaceLook } from './look.ts';
import type { StoreThreadData } from './store-thread.ts';

/** The only place that says which file the thread runs. */
const THREAD_FILE = new URL('./store-thread.ts', import.meta.url);

export type { ClusterOptions };

export interface CqlOptions extends ClusterOptions {
  /** Milliseconds until a batch that was not sent is given up; one that was sent is repeated until it is acknowledged. */
  readonly commitDeadlineMs?: number;
  readonly readDeadlineMs?: number;
  readonly logLevel?: LogLevel;
}

const COMMIT_MS = 15_000;
const READ_MS = 5_000;

/** Throws with a sentence when no node answers, when somebody else holds the keyspace, or when its tables are of another program. */
export async function openCql({
  commitDeadlineMs,
  readDeadlineMs,
  logLevel,
  ...options
}: CqlOptions): Promise<StoreThreads> {
  const data: StoreThreadData = {
    task: 'serve',
    options,
    commitDeadlineMs: commitDeadlineMs ?? COMMIT_MS,
    readDeadlineMs: readDeadlineMs ?? READ_MS,
    logLevel: logLevel ?? 'info',
  };
  const thread = await startThread(THREAD_FILE, 'store', data);
  return holdThreads(thread, [thread]);
}

/** Makes the keyspace and its tables, or brings them to the newest version. -> the versions before and after. */
export const migrateCql = (options: ClusterOptions): Promise<{ readonly from: number; readonly to: number }> =>
  runOnce('migrate', options);

export const lookAtCql = (options: ClusterOptions): Promise<KeyspaceLook> => runOnce('look', options);

async function runOnce<Value>(task: 'migrate' | 'look', options: ClusterOptions): Promise<Value> {
  const data: StoreThreadData = {
    ...{ task, options, commitDeadlineMs: COMMIT_MS, readDeadlineMs: READ_MS },
    logLevel: 'info',
  };
  const worker = new Worker(THREAD_FILE, { name: `store ${task}`, workerData: data });
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  worker.once('message', ({ done }: { readonly done: Value }) => resolve(done));
  worker.once('error', reject);
  worker.once('exit', (code) => reject(new Error(`the thread of the store ended with code ${code}`)));
  try {
    return await promise;
  } finally {
    await worker.terminate();
  }
}
