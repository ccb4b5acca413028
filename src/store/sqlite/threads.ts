/** The host's side of the embedded store: opens the data directory and starts the threads. Runs in the main thread. */
import { holdThreads, type StoreThread, type StoreThreads, startThread } from '../thread/threads.ts';
import { lookAtStore, unusableStore } from './examine.ts';
import { lockDirectory, makeDirectory, openWriter } from './open.ts';
import type { ReaderThreadData } from './reader-thread.ts';
import { migrate, raiseEpoch } from './schema.ts';
import type { WriterThreadData } from './writer-thread.ts';

/** The only place that says which file a thread runs. */
const THREAD_FILES = {
  writer: new URL('./writer-thread.ts', import.meta.url),
  reader: new URL('./reader-thread.ts', import.meta.url),
} as const;

export interface SqliteOptions {
  /** The data directory; made when it is missing. */
  readonly dir: string;
  /** Reader threads. */
  readonly readers: number;
  /** Bytes the database file may have; the store is `full` above. */
  readonly maxBytes?: number;
  /** Milliseconds between two probes of a store that is full or broken. */
  readonly probeMs?: number;
  /** Batches that are joined into one transaction. */
  readonly batchesPerCommit?: number;
  /** Bytes the write-ahead log may have before the writer waits for readers to leave it. */
  readonly walBytes?: number;
  /** Epochs that are given from now on are greater than this: those of the store that this one is a copy of. */
  readonly epochsAbove?: number;
  /** What the writer runs; absent: `writer-thread.ts` (tests give one that hangs on demand). */
  readonly writerProgram?: URL;
}

export type SqliteThreads = StoreThreads & { limit(bytes: number): void };

/** Throws when the directory is in use, when the store is of a newer program, or when it cannot be read. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteThreads> {
  makeDirectory(options.dir);
  const lock = lockDirectory(options.dir);
  const path = `${options.dir}/guildhall.db`;
  const threads: StoreThread[] = [];
  try {
    const db = openWriter(path);
    try {
      migrate(db);
      raiseEpoch(db, options.epochsAbove ?? 0);
    } finally {
      db.close();
    }
    const { probeMs = 1000, batchesPerCommit, walBytes } = options;
    const writerData: WriterThreadData = { path, probeMs, batchesPerCommit, walBytes };
    const readerData: ReaderThreadData = { path };
    const writer = await startThread(options.writerProgram ?? THREAD_FILES.writer, 'store writer', writerData);
    threads.push(writer);
    const starting = Array.from({ length: Math.max(1, options.readers) }, () =>
      startThread(THREAD_FILES.reader, 'store reader', readerData),
    );
    const readers = await Promise.all(starting);
    threads.push(...readers);
    if (options.maxBytes !== undefined) writer.control({ do: 'limit', bytes: options.maxBytes });
    return {
      ...holdThreads(writer, readers, () => lock.close()),
      limit: (bytes) => writer.control({ do: 'limit', bytes }),
    };
  } catch (error) {
    for (const { worker } of threads) await worker.terminate();
    lock.close();
    throw explained(error, options.dir);
  }
}

/** What SQLite says of a damaged file names neither the file nor what to do. */
function explained(error: unknown, dir: string): unknown {
  const look = lookAtStore(dir);
  if (look.store !== 'unreadable') return error;
  return new Error(unusableStore(dir, look) ?? look.why, { cause: error });
}
