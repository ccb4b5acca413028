/**
 * Merges equal reads: N asks of one key while it is under way are one read, whatever its end. The caller's key must hold every parameter of the read
 * and the generation of what it reads: whoever asks after a write was acknowledged has another key, and joins nobody who asked before.
 */
import type { Clock, Timer } from '../base/clock.ts';
import { counter, type Family, gauge } from '../base/metrics.ts';
import { Fault } from '../protocol/errors.ts';
import { type FairBounds, FairQueue } from './fair-queue.ts';

export interface CoalescerLimits extends FairBounds {
  /** A read ends then at the latest, the wait for its turn included. */
  readonly deadlineMs: number;
}

/** What makes one read. The signal is aborted when nobody waits for it any more, or when its deadline has passed. */
export type Start<Value> = (signal: AbortSignal) => Promise<Value>;

export interface ShareOptions {
  /** Ends this caller's wait; the last one to leave ends the read. */
  readonly signal?: AbortSignal | null;
  /** What it reads from: partitions take turns. */
  readonly partition?: string;
}

/** One read that waits for its turn or is under way, with all who asked for it. */
interface Flight<Value> {
  readonly key: string;
  readonly partition: string;
  readonly start: Start<Value>;
  readonly cancel: AbortController;
  readonly landed: Promise<Value>;
  readonly resolve: (value: Value) => void;
  readonly reject: (error: unknown) => void;
  readonly deadline: Timer;
  /** Who still waits. */
  waiters: number;
  isOver: boolean;
}

export class Coalescer<Value> {
  readonly #flights = new Map<string, Flight<Value>>();
  readonly #queue: FairQueue<Flight<Value>>;
  /** Reads that were started, asks that joined one, reads that everybody left, that came to their deadline, that found no room. */
  made = 0;
  joined = 0;
  left = 0;
  late = 0;
  refused = 0;

  constructor(
    readonly clock: Pick<Clock, 'after'>,
    readonly limits: CoalescerLimits,
  ) {
    this.#queue = new FairQueue(limits);
  }

  /** Reads that can be joined: under way, or waiting for their turn. */
  get size(): number {
    return this.#flights.size;
  }

  /** Reads under way, those included that nobody waits for any more: they still cost. */
  get running(): number {
    return this.#queue.running;
  }

  /** Reads that wait for their turn. */
  get waiting(): number {
    return this.#queue.waiting;
  }

  /**
   * Joins the read of `key`, or starts it when its turn has come. Rejects with the signal's reason, with what `start` failed with, with Fault `overloaded`
   * when too many wait, or with Fault `timeout`. A failure reaches only those who wait; the next ask reads anew.
   */
  share(key: string, start: Start<Value>, { signal = null, partition = '' }: ShareOptions = {}): Promise<Value> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const joined = this.#flights.get(key);
    if (joined !== undefined) {
      this.joined += 1;
      return this.#wait(joined, signal);
    }
    const flight = this.#open(key, partition, start);
    if (!this.#queue.add(partition, flight)) {
      flight.deadline.cancel();
      this.refused += 1;
      return Promise.reject(new Fault('overloaded', true, `${this.#queue.waiting} reads wait for their turn`));
    }
    // Registered before it starts: a start that throws at once, or asks for its own key, leaves nothing behind.
    this.#flights.set(key, flight);
    const waited = this.#wait(flight, signal);
    this.#startNext();
    return waited;
  }

  /** `what`: begins the sentences. */
  measure(name: string, what: string): Family[] {
    const { made, joined, left, late, refused, running, waiting } = this;
    const ends = Object.entries({ made, joined, left, late, refused });
    return [
      counter(`${name}_total`, `${what}: made, joined, left by all, late, refused.`, ends, 'how'),
      gauge(`${name}_in_flight`, `${what}: under way.`, running),
      gauge(`${name}_waiting`, `${what}: waiting for their turn.`, waiting),
    ];
  }

  /** Nobody joins what reads this key now; who waits already is answered. */
  forget(key: string): void {
    this.#flights.delete(key);
  }

  #open(key: string, partition: string, start: Start<Value>): Flight<Value> {
    const { promise: landed, resolve, reject } = Promise.withResolvers<Value>();
    // Whoever waits hears of a failure; when everybody has left, nobody does.
    landed.catch(() => {});
    const { deadlineMs } = this.limits;
    const deadline = this.clock.after(deadlineMs, () => {
      this.late += 1;
      this.#abandon(flight, new Fault('timeout', true, `a read took longer than ${deadlineMs} ms`));
    });
    const flight: Flight<Value> = {
      ...{ key, partition, start, landed, resolve, reject, deadline },
      cancel: new AbortController(),
      waiters: 0,
      isOver: false,
    };
    return flight;
  }

  #startNext(): void {
    for (let next = this.#queue.take(); next !== null; next = this.#queue.take()) this.#fly(next);
  }

  #fly(flight: Flight<Value>): void {
    this.made += 1;
    // Its place is free when the read itself has ended, even if its waiters left before: the store still works on it.
    const land = (settle: () => void): void => {
      this.#queue.done(flight.partition);
      if (!flight.isOver) {
        this.#end(flight);
        settle();
      }
      this.#startNext();
    };
    let reading: Promise<Value>;
    try {
      reading = flight.start(flight.cancel.signal);
    } catch (error) {
      reading = Promise.reject(error);
    }
    reading.then(
      (value) => land(() => flight.resolve(value)),
      (error) => land(() => flight.reject(error)),
    );
  }

  #end(flight: Flight<Value>): void {
    flight.isOver = true;
    flight.deadline.cancel();
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key);
  }

  /** Ends it before the read has: what waits for its turn is never read. */
  #abandon(flight: Flight<Value>, reason: Fault): void {
    if (flight.isOver) return;
    this.#end(flight);
    this.#queue.remove(flight.partition, flight);
    flight.cancel.abort(reason);
    flight.reject(reason);
  }

  #wait(flight: Flight<Value>, signal: AbortSignal | null): Promise<Value> {
    flight.waiters += 1;
    if (signal === null) return flight.landed;
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const leave = (): void => {
      reject(signal.reason);
      flight.waiters -= 1;
      if (flight.waiters > 0 || flight.isOver) return;
      this.left += 1;
      this.#abandon(flight, new Fault('lost', true, 'nobody waits for the read any more'));
    };
    signal.addEventListener('abort', leave, { once: true });
    const stay = (): void => signal.removeEventListener('abort', leave);
    flight.landed.then(
      (value) => {
        stay();
        resolve(value);
      },
      (error) => {
        stay();
        reject(error);
      },
    );
    return promise;
  }
}
