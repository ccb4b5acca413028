/**
 * Whether the cluster's batch log answers. It wants two nodes besides the one that was asked: while one that died is not known to be down, each logged
 * batch waits for it and is late, though a majority of the replicas is alive.
 */
import type { Clock } from '../../base/clock.ts';

/** After a late one no logged batch is tried for so long, and then only one, until it is answered. */
const REST_MS = 5000;

export class BatchLog {
  readonly #clock: Pick<Clock, 'monotonic'>;
  #restsUntil: number | null = null;

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** A batch would be tried now. Who hears true tries it, and says what became of it. */
  mayTry(): boolean {
    if (this.#restsUntil === null) return true;
    if (this.#clock.monotonic() < this.#restsUntil) return false;
    this.#rest();
    return true;
  }

  answered(): void {
    this.#restsUntil = null;
  }

  wasLate(): void {
    this.#rest();
  }

  #rest(): void {
    this.#restsUntil = this.#clock.monotonic() + REST_MS;
  }
}
