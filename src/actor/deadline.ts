/** Every promise ends. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';

/** `promise`, or Fault `timeout` after `ms`. What comes later is dropped. */
export function within<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Fault('timeout', true, `${what} took longer than ${ms} ms`)));
    const ended = (): void => timer.cancel();
    promise.then(resolve, reject);
    promise.then(ended, ended);
  });
}

/** What went wrong as a Fault: anything else is somebody's bug, and calling again does not mend it. */
export function asFault(error: unknown, what: string): Fault {
  if (error instanceof Fault) return error;
  return new Fault('unavailable', false, what, { cause: error });
}

/** The caller may ask again, under the same command id: whoever answers then knows what became of it. */
export const lost = (what: string, cause?: unknown): Fault => new Fault('lost', true, what, { cause });

/** What a line of the log says of it: where it happened helps with a bug alone. */
export const reasonOf = (error: unknown): Readonly<Record<string, unknown>> =>
  error instanceof Fault && error.cause === undefined ? { fault: error.message } : { error };
