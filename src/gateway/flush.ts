/**
 * The outlet's queue. Idle: what comes in one turn of the loop leaves at its end. Under load entries gather for as long as the last
 * flush keeps the loop busy (bounded), so that each socket gets one write for many events.
 */
import type { Clock, Timer } from '../base/clock.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';

export interface FlushPorts<T> {
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly take: (entry: T) => void;
}

export class Flush<T> {
  readonly #ports: FlushPorts<T>;
  #queue: T[] = [];
  #first = 0;
  #scheduled = false;
  #timer: Timer | null = null;
  #restUntil = 0;

  constructor(ports: FlushPorts<T>) {
    this.#ports = ports;
  }

  get queued(): number {
    return this.#queue.length - this.#first;
  }

  push(entry: T): void {
    this.#queue.push(entry);
    if (!this.#scheduled) this.#schedule();
    else if (this.#timer !== null && this.queued >= this.#ports.limits.outletEntries) this.#atOnce();
  }

  #schedule(): void {
    const { clock } = this.#ports;
    this.#scheduled = true;
    const wait = this.#restUntil - clock.monotonic();
    if (wait < 1) clock.defer(() => this.run());
    else this.#timer = clock.after(wait, () => this.run());
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

  #atOnce(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#ports.clock.defer(() => this.run());
  }

  /** One flush holds no more than a socket may buffer unread; the rest follows in the next turn. */
  run(): void {
    const { outlet, clock, limits, metrics, take } = this.#ports;
    this.#scheduled = false;
    this.#timer = null;
    const started = clock.monotonic();
    outlet.flush(() => {
      while (this.#first < this.#queue.length && outlet.bytes < limits.flushBytes) {
        const entry = this.#queue[this.#first] as T;
        this.#first += 1;
        take(entry);
      }
    });
    const rest = this.#queue.length - this.#first;
    if (rest === 0) this.#queue = [];
    else if (this.#first > 1024) this.#queue = this.#queue.slice(this.#first);
    if (rest === 0 || this.#queue.length === rest) this.#first = 0;
    metrics.flushes += 1;
    this.#rest(started);
    if (rest > 0) {
      this.#scheduled = true;
      clock.defer(() => this.run());
    }
  }
}
