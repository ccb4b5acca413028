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
  readonly #ofPartition = new Map<string, number>();
  /** Reads that were made, and asks that joined one of them. */
  made = 0;
  joined = 0;

  /** `maxPerPartition`: flights of one partition, so that one that is asked for much leaves room for the others. */
  constructor(
    readonly maxFlights: number,
    readonly maxPerPartition: number = maxFlights,
  ) {}

  /** Flights under way. */
  get size(): number {
    return this.#flights.size;
  }

  /**
   * Joins the flight of `key`, or starts it. `signal` ends only this caller's wait; the flight goes on for the others. `partition`: what it reads from.
   * Rejects with Fault `overloaded` when as many flights are under way as are allowed, else with what `start` failed with.
   */
  share(
    key: string,
    start: () => Promise<Value>,
    { signal = null, partition = '' }: { readonly signal?: AbortSignal | null; readonly partition?: string } = {},
  ): Promise<Value> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const joined = this.#flights.get(key);
    if (joined !== undefined) {
      this.joined += 1;
      return waitFor(joined.landed, signal);
    }
    if (this.#flights.size >= this.maxFlights) {
      return Promise.reject(new Fault('overloaded', true, `${this.maxFlights} reads are in flight`));
    }
    if ((this.#ofPartition.get(partition) ?? 0) >= this.maxPerPartition) {
      return Promise.reject(
        new Fault('overloaded', true, `${this.maxPerPartition} reads of ${partition} are in flight`),
      );
    }
    return waitFor(this.#fly(key, partition, start), signal);
  }

  /** The flight is registered before it starts: a start that throws at once, or asks for its own key, leaves nothing behind. */
  #fly(key: string, partition: string, start: () => Promise<Value>): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    this.#flights.set(key, { landed: promise });
    this.#count(partition, 1);
    this.made += 1;
    // Whoever waits hears of a failure; when every waiter has aborted, nobody does.
    promise.catch(() => {});
    const land = (settle: () => void): void => {
      this.#flights.delete(key);
      this.#count(partition, -1);
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

  #count(partition: string, by: 1 | -1): void {
    const flights = (this.#ofPartition.get(partition) ?? 0) + by;
    if (flights === 0) this.#ofPartition.delete(partition);
    else this.#ofPartition.set(partition, flights);
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
