/** The other workers: a link per slot that is up, and who waits for one that is down. */
import type { Clock } from '../base/clock.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { Link } from './link.ts';

/** `<slot>.<incarnation>` -> slot. */
export const slotOfWorker = (worker: WorkerId): number => Number(worker.slice(0, worker.indexOf('.')));

export const isFirstLife = (worker: WorkerId): boolean => worker.endsWith('.1');

export class Peers {
  readonly #links = new Map<number, Link>();
  readonly #waiters = new Map<number, Set<() => void>>();

  constructor(readonly clock: Clock) {}

  get all(): Link[] {
    return [...this.#links.values()];
  }

  inSlot(slot: number): Link | undefined {
    return this.#links.get(slot);
  }

  byWorker(worker: WorkerId): Link | undefined {
    const link = this.#links.get(slotOfWorker(worker));
    return link?.peer === worker ? link : undefined;
  }

  up(link: Link): void {
    this.#links.set(slotOfWorker(link.peer), link);
  }

  down(link: Link): void {
    this.#links.delete(slotOfWorker(link.peer));
  }

  /** After the link of this slot was made: who waited goes on. */
  release(slot: number): void {
    const waiters = this.#waiters.get(slot);
    this.#waiters.delete(slot);
    for (const go of waiters ?? []) go();
  }

  releaseAll(): void {
    for (const slot of [...this.#waiters.keys()]) this.release(slot);
  }

  /** Resolves when the slot is up again, or after `ms`. */
  wait(slot: number, ms: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#waiters.get(slot) ?? new Set();
      this.#waiters.set(slot, waiters);
      const timer = this.clock.after(ms, () => {
        waiters.delete(go);
        resolve();
      });
      const go = (): void => {
        timer.cancel();
        resolve();
      };
      waiters.add(go);
    });
  }
}
