/** So many are inside at once, so many wait in front, first come first in; one more is refused. */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';

interface Waiter {
  readonly enter: () => void;
  readonly refuse: (fault: Fault) => void;
}

export class Gate {
  #inside = 0;
  #nextId = 1;
  readonly #waiting = new Map<number, Waiter>();

  constructor(
    readonly clock: Pick<Clock, 'after'>,
    readonly most: number,
    readonly mostWaiting: number,
  ) {}

  get inside(): number {
    return this.#inside;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Who has entered must `leave`. Rejects with Fault `overloaded` when too many wait, or when none has left within `ms`; or with the signal's reason. */
  enter(ms: number, signal: AbortSignal | null = null): Promise<void> {
    if (this.#inside < this.most) {
      this.#inside += 1;
      return Promise.resolve();
    }
    if (this.#waiting.size >= this.mostWaiting) {
      return Promise.reject(new Fault('overloaded', true, `${this.mostWaiting} queries wait for the store`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const id = this.#nextId++;
    const end = (settle: () => void): void => {
      timer.cancel();
      signal?.removeEventListener('abort', giveUp);
      this.#waiting.delete(id);
      settle();
    };
    const refuse = (fault: Fault): void => end(() => reject(fault));
    const giveUp = (): void => end(() => reject(signal?.reason));
    signal?.addEventListener('abort', giveUp, { once: true });
    const late = new Fault('overloaded', true, `the store had no place for a query within ${Math.round(ms)} ms`);
    const timer = this.clock.after(ms, () => refuse(late));
    this.#waiting.set(id, { enter: () => end(resolve), refuse });
    return promise;
  }

  leave(): void {
    assert(this.#inside > 0, 'who leaves has entered');
    const [next] = this.#waiting.values();
    if (next === undefined) this.#inside -= 1;
    else next.enter();
  }

  /** Everybody who waits is refused. */
  clear(fault: Fault): void {
    for (const waiter of [...this.#waiting.values()]) waiter.refuse(fault);
  }
}
