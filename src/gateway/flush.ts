/**
 * The outlet's queue. Idle: what comes in one turn of the loop leaves at its end. Under load entries gather so that each socket gets one write
 * for many events: for as long as the last flush keeps the loop busy, and until the batch that their owner has in hand is stored (both bounded).
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';

export interface FlushPorts<T> {
  readonly outlet: Pick<Outlet, 'flush' | 'bytes' | 'events'>;
  readonly clock: Clock;
  readonly limits: Pick<GatewayLimits, 'outletEntries' | 'outletBytes' | 'flushMs' | 'flushBytes'>;
  readonly metrics: GatewayMetrics;
  readonly take: (entry: T) => void;
  /** Bytes in memory, approximately. */
  readonly sizeOf: (entry: T) => number;
  /** More of its owner comes within a commit. */
  readonly isFollowed: (entry: T) => boolean;
}

export class Flush<T> {
  readonly #ports: FlushPorts<T>;
  #queue: T[] = [];
  #first = 0;
  #bytes = 0;
  #isRunning = false;
  /** Runs at the end of this turn. */
  #isDue = false;
  #timer: Timer | null = null;
  #restUntil = 0;
  /** When the queue was last empty and got its first entry. */
  #oldest = 0;
  /** Something that came since the last look is followed. */
  #isFollowed = false;
  /** What is in the queue waits for what follows it. */
  #isHeld = false;

  constructor(ports: FlushPorts<T>) {
    this.#ports = ports;
  }

  get queued(): number {
    return this.#queue.length - this.#first;
  }

  /**
   * Nothing may be dropped here, so what is beyond the bounds leaves in this turn, a flush at a time. Sockets that cannot take so much are cut; their
   * sessions resume.
   */
  push(entry: T): void {
    if (this.queued === 0) this.#oldest = this.#ports.clock.monotonic();
    this.#queue.push(entry);
    this.#bytes += this.#ports.sizeOf(entry);
    if (this.#ports.isFollowed(entry)) this.#isFollowed = true;
    if (this.#isFull && !this.#isRunning) this.run();
    else if (!this.#isDue && (this.#timer === null || this.#isHeld)) this.#schedule();
  }

  get #isFull(): boolean {
    const { outletEntries, outletBytes } = this.#ports.limits;
    return this.queued > outletEntries || this.#bytes > outletBytes;
  }

  #schedule(): void {
    const { clock } = this.#ports;
    const wait = this.#restUntil - clock.monotonic();
    if (wait < 1) this.#defer();
    else this.#wait(wait, () => this.#end());
  }

  #wait(ms: number, then: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#ports.clock.after(ms, then);
  }

  /** What is followed waits for the next batch; for the one after that only where a flush costs more than has been waited. */
  #end(): void {
    const { clock, limits, metrics } = this.#ports;
    const isFollowed = this.#isFollowed;
    this.#isFollowed = false;
    const waited = clock.monotonic() - this.#oldest;
    const isEnough = this.#isHeld && waited >= metrics.gatheredMs;
    if (!isFollowed || isEnough || limits.flushMs - waited < 1) {
      this.run();
      return;
    }
    this.#isHeld = true;
    this.#wait(limits.flushMs - waited, () => this.run());
  }

  #defer(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#ports.clock.defer(() => {
      this.#isDue = false;
      this.#end();
    });
  }

  /**
   * One event that found the loop idle says nothing about the next and is not waited for. What came together took time to write:
   * as long the next events gather. The sockets are written after this turn of the loop, so the cost is known when it comes back.
   */
  #rest(started: number): void {
    const { outlet, clock, limits, metrics } = this.#ports;
    if (outlet.events < 2) {
      metrics.gatheredMs = 0;
      return;
    }
    this.#restUntil = clock.monotonic() + metrics.gatheredMs;
    clock.defer(() =>
      clock.defer(() => {
        const now = clock.monotonic();
        metrics.gatheredMs = Math.min(limits.flushMs, now - started);
        this.#restUntil = now + metrics.gatheredMs;
      }),
    );
  }

  /** One flush holds no more than a socket may buffer unread; the rest follows in the next turn. */
  run(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isFollowed = false;
    this.#isHeld = false;
    if (this.queued === 0) return;
    const { outlet, clock, metrics } = this.#ports;
    const started = clock.monotonic();
    this.#isRunning = true;
    try {
      outlet.flush(() => this.#take());
    } finally {
      this.#isRunning = false;
    }
    metrics.flushes += 1;
    this.#rest(started);
    if (this.queued > 0) this.#defer();
  }

  #take(): void {
    const { outlet, limits, take, sizeOf } = this.#ports;
    while (this.#first < this.#queue.length && outlet.bytes < limits.flushBytes) {
      const entry = this.#queue[this.#first] as T;
      this.#first += 1;
      this.#bytes -= sizeOf(entry);
      take(entry);
    }
    if (this.#first < this.#queue.length && this.#first <= 1024) return;
    this.#queue = this.#queue.slice(this.#first);
    this.#first = 0;
  }
}
