/** What the store's thread knows of the cluster from how its writes go. */
import type { Clock } from '../../base/clock.ts';
import type { Trouble } from './trouble.ts';

export type Health = 'open' | 'broken' | 'stuck';

/** A request that is not answered for so long, while no other is, says that the cluster hangs. */
const STUCK_MS = 3000;
/** Requests that no node takes, and none that is answered in between: a node that dies of several is no outage, its requests go to another one. */
const ABSENT_MS = 1000;

export class ClusterHealth {
  readonly #clock: Clock;
  /** When each request that is under way was sent, oldest first. */
  readonly #sent = new Map<number, number>();
  #count = 0;
  #answeredAt: number;
  #lateSince: number | null = null;
  #absentSince: number | null = null;
  #state: Health = 'open';
  #trouble: unknown = null;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#answeredAt = clock.monotonic();
  }

  /** To be asked now and then: silence is seen by asking. */
  get state(): Health {
    const [oldest] = this.#sent.values();
    const now = this.#clock.monotonic();
    if (this.#state === 'open' && oldest !== undefined && now - Math.max(oldest, this.#answeredAt) > STUCK_MS)
      this.#state = 'stuck';
    return this.#state;
  }

  /** With what the last request failed since one was answered; null: none did. */
  get trouble(): unknown {
    return this.#trouble;
  }

  /** Sees how a request goes. Rejects as it does. */
  async watch<Value>(ask: () => Promise<Value>, troubleOf: (error: unknown) => Trouble): Promise<Value> {
    this.#count += 1;
    const number = this.#count;
    this.#sent.set(number, this.#clock.monotonic());
    try {
      const value = await ask();
      this.answered();
      return value;
    } catch (error) {
      this.#trouble = error;
      this.#failed(troubleOf(error));
      throw error;
    } finally {
      this.#sent.delete(number);
    }
  }

  /** A majority of the replicas has answered. */
  answered(): void {
    this.#answeredAt = this.#clock.monotonic();
    this.#lateSince = null;
    this.#absentSince = null;
    this.#trouble = null;
    this.#state = 'open';
  }

  #failed(trouble: Trouble): void {
    const now = this.#clock.monotonic();
    if (trouble === 'absent') {
      this.#absentSince ??= now;
      if (now - this.#absentSince >= ABSENT_MS) this.#state = 'broken';
    }
    if (trouble !== 'late') return;
    this.#lateSince ??= now;
    if (now - this.#lateSince > STUCK_MS && this.#state === 'open') this.#state = 'stuck';
  }
}
