import { Fault } from '../protocol/errors.ts';

/** One read that is under way; everybody who asks for the same meanwhile waits for it. */
interface Flight<Value> {
  readonly landed: Promise<Value>;
}

/**
 * Merges equal reads in flight: N asks of one key are one read. A failure reaches only those already waiting; the next ask flies anew.
 * The caller's key must hold every parameter of the read and the generation of what it reads.
 */
export class Coalescer<Value> {
  readonly #flights = new Map<string, Flight<Value>>();

  constructor(readonly maxFlights: number) {}

  /** Flights under way. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * Joins the flight of `key`, or starts it. `signal` ends only this caller's wait; the flight goes on for the others.
   * Rejects with Fault `overloaded` when as many flights are under way as are allowed, else with what `start` failed with.
   */
  share(key: string, start: () => Promise<Value>, signal: AbortSignal | null = null): Promise<Value> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const joined = this.#flights.get(key);
    if (joined !== undefined) return waitFor(joined.landed, signal);
    if (this.#flights.size >= this.maxFlights) {
      return Promise.reject(new Fault('overloaded', true, `${this.maxFlights} reads are in flight`));
    }
    return waitFor(this.#fly(key, start), signal);
  }

  /** The flight is registered before it starts: a start that throws at once, or asks for its own key, leaves nothing behind. */
  #fly(key: string, start: () => Promise<Value>): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    this.#flights.set(key, { landed: promise });
    // Whoever waits hears of a failure; when every waiter has aborted, nobody does.
    promise.catch(() => {});
    const land = (settle: () => void): void => {
      this.#flights.delete(key);
      settle();
    };
    try {
      start().then(
        (value) => land(() => resolve(value)),
        (error) => land(() => reject(error)),
      );
    } catch (error) {
      land(() => reject(error));
    }
    return promise;
  }
}

function waitFor<Value>(landed: Promise<Value>, signal: AbortSignal | null): Promise<Value> {
  if (signal === null) return landed;
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  landed.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  return promise;
}
