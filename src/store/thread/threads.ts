/** The host's side of a store that has threads of its own: starts them, hands out ports to them, ends them. Runs in the main thread. */
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { realClock } from '../../base/clock.ts';
import type { StorePorts } from './client.ts';
import type { Control, ControlAnswer } from './wire.ts';

/** From `close` to its end, however the disk is. */
const CLOSE_MS = 10_000;

export interface StoreThreads {
  /** Ports for one more worker: post them with both in the transfer list, and give them to `ThreadStore` there. */
  connect(): StorePorts;
  /** Stores what waits, ends the threads and gives up what they held. */
  close(): Promise<void>;
  /** Resolves when a thread dies by itself: the store cannot go on and the process must start again. */
  readonly died: Promise<Error>;
}

export interface StoreThread {
  readonly worker: Worker;
  readonly alive: boolean;
  control(message: Control): void;
  /** Resolves at its next answer, rejects when it dies before. */
  answer(expected: ControlAnswer): Promise<void>;
}

/** `readers`: may be the writer itself. `unlock` gives up what the threads held, when they have ended. */
export function holdThreads(
  writer: StoreThread,
  readers: readonly StoreThread[],
  unlock: () => void = () => {},
): StoreThreads {
  const died = Promise.withResolvers<Error>();
  let closing: Promise<void> | null = null;
  for (const { worker } of new Set([writer, ...readers])) {
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
      for (const thread of new Set([...readers, writer])) {
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
    close: () => {
      closing ??= close();
      return closing;
    },
    died: died.promise,
  };
}

function connect(thread: StoreThread): MessagePort {
  const { port1, port2 } = new MessageChannel();
  thread.control({ do: 'connect', port: port1 });
  return port2;
}

/** Rejects with what the thread threw before it was ready. */
export async function startThread(file: URL, name: string, workerData: unknown): Promise<StoreThread> {
  const worker = new Worker(file, { name, workerData });
  let alive = true;
  worker.once('exit', () => {
    alive = false;
  });
  const thread: StoreThread = {
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
