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

  #rest(): void {
    const { clock, metrics } = this.#ports;
    this.#restUntil = clock.monotonic() + metrics.gatheredMs;
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
    metrics.gatheredMs = Math.min(limits.flushMs, outlet.deliveries * limits.deliveryMs);
    this.#rest();
    // The sockets are written after this turn of the loop: the time to gather counts from when it comes back.
    if (metrics.gatheredMs >= 1) clock.defer(() => clock.defer(() => this.#rest()));
    if (rest > 0) {
      this.#scheduled = true;
      clock.defer(() => this.run());
    }
  }
}
