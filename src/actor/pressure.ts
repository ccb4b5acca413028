/**
 * How much a worker has to do that it does not come to: its loop is late, or commits pile up. What is too much for one owner is that
 * owner's own affair (actor.ts).
 */
import type { Clock } from '../base/clock.ts';
import { counter, type Family, peak, Tally } from '../base/metrics.ts';
import { SHED_ORDER, shedAt, type Urgency } from '../protocol/urgency.ts';
import { CALM, nextStanding, type Standing, strainOf } from './overload.ts';

/** What the edges ask before they take something on. */
export interface Load {
  /** 0: all is well. */
  readonly level: number;
  /** True: it is not taken on, and counted as shed. */
  sheds(urgency: Urgency): boolean;
}

export interface PressureLimits {
  /** Lateness of the loop, milliseconds, that is strain. */
  readonly strainLagMs: number;
  /** The same of batches that wait at the store. */
  readonly strainBatches: number;
  readonly calmMs: number;
}

/** Strained once is a collection of garbage, a slow sync, or another process; so often in a row is overload. */
const IN_A_ROW = 3;

export class Pressure implements Load {
  readonly #shed = new Tally(SHED_ORDER);
  #strains: readonly number[] = [];
  #standing: Standing = CALM;

  constructor(
    readonly clock: Pick<Clock, 'monotonic'>,
    readonly limits: PressureLimits,
    /** Batches that wait there. */
    readonly atStore: () => number,
  ) {}

  get level(): number {
    return this.#standing.level;
  }

  /** `lagMs`: by how much the loop was late just now. Called several times a second. */
  observe(lagMs: number): void {
    const { strainLagMs, strainBatches, calmMs } = this.limits;
    const now = strainOf([
      [lagMs, strainLagMs],
      [this.atStore(), strainBatches],
    ]);
    this.#strains = [...this.#strains, now].slice(-IN_A_ROW);
    const strain = this.#strains.length < IN_A_ROW ? 0 : Math.min(...this.#strains);
    this.#standing = nextStanding(this.#standing, strain, this.clock.monotonic(), calmMs);
  }

  sheds(urgency: Urgency): boolean {
    if (this.#standing.level < shedAt(urgency)) return false;
    this.#shed.add(urgency);
    return true;
  }

  measure(): Family[] {
    return [
      peak(
        'guildhall_overload_level',
        'What workers shed: 0 nothing, 1 typing, 2 presence, 3 ordinary, 4 messages.',
        this.level,
      ),
      counter(
        'guildhall_shed_total',
        'What an overloaded worker did not take on, by kind.',
        this.#shed.entries,
        'kind',
      ),
    ];
  }
}

/** Where nothing is ever too much. */
export const NO_LOAD: Load = { level: 0, sheds: () => false };
