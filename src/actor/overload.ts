/** How overloaded something is, from how strained it is: a decision without time or measuring of its own. It rises at once and falls slowly. */
import { Fault } from '../protocol/errors.ts';
import type { Urgency } from '../protocol/urgency.ts';

/** How many kinds of work are shed: 0 none. */
export interface Standing {
  readonly level: number;
  /** When it was last strained enough for its level, or when it fell to it. Monotonic milliseconds. */
  readonly since: number;
}

/** A number, and the one from which on it is strain. */
export type Measure = readonly [value: number, unit: number];

export const CALM: Standing = { level: 0, since: 0 };

/** So many units make the next level: far apart, because what is shed at one takes time to show. */
const STEPS = [1, 2, 4, 16];

/** A level is left when the strain is below this part of what made it. */
const HALF = 0.5;

/** The worst of them, in units. */
export const strainOf = (measures: readonly Measure[]): number =>
  measures.reduce((worst, [value, unit]) => Math.max(worst, value / unit), 0);

export const levelOf = (strain: number): number => STEPS.filter((step) => strain >= step).length;

/** It falls by one level for each `calmMs` below half of what made its level, those included in which nobody asked. */
export function nextStanding(standing: Standing, strain: number, now: number, calmMs: number): Standing {
  const reached = levelOf(strain);
  if (reached >= standing.level) return { level: reached, since: now };
  if (levelOf(strain / HALF) >= standing.level) return { level: standing.level, since: now };
  const calms = Math.floor((now - standing.since) / calmMs);
  return calms === 0 ? standing : { level: Math.max(reached, standing.level - calms), since: now };
}

/** Not decided, because there is too much to do. */
export class Shed extends Fault {
  constructor(readonly urgency: Urgency) {
    super('shed', false, `${urgency} is shed`);
  }
}
