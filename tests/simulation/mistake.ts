/** What a planted mistake is. Loads nothing of what it is planted in. */
export interface Planted {
  readonly name: string;
  readonly file: string;
  /** Where to begin looking: seeds before it may find nothing. */
  readonly from?: number;
  /** Text that stands in the file exactly once, and what stands there instead. */
  readonly changes: readonly (readonly [find: string, put: string])[];
}

/** Seed of the first town of real folk (plan.ts REAL_SEEDS). */
export const FIRST_REAL = 1_000_001;
