/** Ids of Discord's form: milliseconds since its epoch << 22 | worker number (10 bits) | counter (12 bits). 17 to 19 digits (wire-rules.md rule 12). */
import type { Snowflake } from './ids.ts';

export const EPOCH_MS = 1_420_070_400_000;
const WORKERS = 1024;
const COUNTS = 4096;

/** Milliseconds since 1970 at which the id was made. */
export const timestampOf = (id: Snowflake): number => Number(BigInt(id) >> 22n) + EPOCH_MS;

/** The smallest id of that millisecond: a border for ranges. */
export const snowflakeAt = (ms: number): Snowflake => (BigInt(Math.max(0, ms - EPOCH_MS)) << 22n).toString();

/** Mints ids of one worker. It never gives one (millisecond, counter) twice, also when the clock steps back; the counter is never reset. */
export class Mint {
  #counter = 0;
  /** Last millisecond used per value of the counter: a (millisecond, counter) pair that was used is never used again. */
  readonly #last = new Float64Array(COUNTS);

  constructor(readonly worker: number) {}

  /** The first millisecond from `now` on that makes the id greater than `after`. */
  next(now: number, after: Snowflake | null = null): Snowflake {
    this.#counter = (this.#counter + 1) % COUNTS;
    const low = (this.worker % WORKERS) * COUNTS + this.#counter;
    let ms = Math.max(now - EPOCH_MS, (this.#last[this.#counter] ?? 0) + 1);
    if (after !== null) ms = Math.max(ms, leastAbove(after, low));
    this.#last[this.#counter] = ms;
    return ((BigInt(ms) << 22n) | BigInt(low)).toString();
  }
}

/** The least millisecond (of our epoch) with (ms << 22 | low) > id. */
function leastAbove(id: Snowflake, low: number): number {
  const value = BigInt(id);
  const ms = Number(value >> 22n);
  return Number(value & 0x3f_ffffn) < low ? ms : ms + 1;
}
