/** The host's side of the embedded store: opens the data directory, starts the threads, hands out ports. Runs in the main thread. */
import { mkdirSync } from 'node:fs';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { realClock } from '../../base/clock.ts';
import type { StorePorts } from './client.ts';
import { lockDirectory, openWriter } from './open.ts';
import type { ReaderThreadData } from './reader-thread.ts';
import { migrate } from './schema.ts';
import type { Control, ControlAnswer } from './wire.ts';
import type { WriterThreadData } from './writer-thread.ts';

/** The only place that says which file a thread runs. */
const THREAD_FILES = {
  writer: new URL('./writer-thread.ts', import.meta.url),
  reader: new URL('./reader-thread.ts', import.meta.url),
} as const;

/** From `close` to its end, however the disk is. */
const CLOSE_MS = 10_000;

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
  /** What the writer runs; absent: `writer-thread.ts` (tests give one that hangs on demand). */
  readonly writerProgram?: URL;
}

export interface SqliteThreads {
  /** Ports for one more worker: post them with both in the transfer list, and give them to `connectStore` there. */
  connect(): StorePorts;
  limit(bytes: number): void;
  /** Stores what waits, empties the write-ahead log, ends the threads and gives up the directory. */
  close(): Promise<void>;
  /** Resolves when a thread dies by itself: the store cannot go on and the process must start again. */
  readonly died: Promise<Error>;
}

interface Thread {
  readonly worker: Worker;
  readonly alive: boolean;
  control(message: Control): void;
  /** Resolves at its next answer, rejects when it dies before. */
  answer(expected: ControlAnswer): Promise<void>;
}

/** Throws when the directory is in use, when the store is of a newer program, or when it cannot be read. */
export async function openSqlite(options: SqliteOptions): Promise<SqliteThreads> {
  mkdirSync(options.dir, { recursive: true });
  const lock = lockDirectory(options.dir);
  const path = `${options.dir}/guildhall.db`;
  const threads: Thread[] = [];
  try {
    const db = openWriter(path);
    try {
      migrate(db);
    } finally {
      db.close();
    }
    const { probeMs = 1000, batchesPerCommit, walBytes } = options;
    const writerData: WriterThreadData = { path, probeMs, batchesPerCommit, walBytes };
    const readerData: ReaderThreadData = { path };
    const writer = await start(options.writerProgram ?? THREAD_FILES.writer, 'store writer', writerData);
    threads.push(writer);
    const starting = Array.from({ length: Math.max(1, options.readers) }, () =>
      start(THREAD_FILES.reader, 'store reader', readerData),
    );
    const readers = await Promise.all(starting);
    threads.push(...readers);
    if (options.maxBytes !== undefined) writer.control({ do: 'limit', bytes: options.maxBytes });
    return hold(writer, readers, () => lock.close());
  } catch (error) {
    for (const { worker } of threads) await worker.terminate();
    lock.close();
    throw error;
  }
}

function hold(writer: Thread, readers: readonly Thread[], unlock: () => void): SqliteThreads {
  const died = Promise.withResolvers<Error>();
  let closing: Promise<void> | null = null;
  for (const { worker } of [writer, ...readers]) {
    worker.on('error', (error) => died.resolve(error instanceof Error ? error : new Error(String(error))));
    worker.on('exit', (code) => {
      if (closing === null) died.resolve(new Error(`a thread of the store ended with code ${code}`));
    });
  }
  const close = async (): Promise<void> => {
    const late = Promise.withResolvers<false>();
    const timer = realClock.after(CLOSE_MS, () => late.resolve(false));
    try {
      // The writer last: a reader that is still connected would keep the log from being emptied.
      for (const thread of [...readers, writer]) {
        if (!thread.alive) continue;
        thread.control({ do: 'close' });
        // A thread that dies here has nothing to lose: what was acknowledged is in the log.
        const closed = thread.answer('closed').catch(() => {});
        const ended = await Promise.race([closed.then(() => true), late.promise]);
        // One that hangs in a call of the system cannot be waited for.
        const terminated = thread.worker.terminate();
        if (ended) await terminated;
      }
    } finally {
      timer.cancel();
      unlock();
    }
  };
  return {
    connect: () => ({ writer: connect(writer), readers: readers.map(connect) }),
    limit: (bytes) => writer.control({ do: 'limit', bytes }),
    close: () => {
      closing ??= close();
      return closing;
    },
    died: died.promise,
  };
}

function connect(thread: Thread): MessagePort {
  const { port1, port2 } = new MessageChannel();
  thread.control({ do: 'connect', port: port1 });
  return port2;
}

async function start(file: URL, name: string, workerData: WriterThreadData | ReaderThreadData): Promise<Thread> {
  const worker = new Worker(file, { name, workerData });
  let alive = true;
  worker.once('exit', () => {
    alive = false;
  });
  const thread: Thread = {
    worker,
    get alive() {
      return alive;
    },
    control: (message) => worker.postMessage(message, message.do === 'connect' ? [message.port] : []),
    answer: (expected) => {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      worker.on('message', (answer: ControlAnswer) => answer === expected && resolve());
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the ${name} ended with code ${code}`)));
      return promise;
    },
  };
  await thread.answer('ready');
  return thread;
}
