/** How the sessions that a bot starts are counted: where it lives, so that it is one number for all workers (docs/events/gateway, session start limit). */
import type { Snowflake } from './ids.ts';
import type { RateClaim } from './links.ts';

export interface StartLimits {
  /** Sessions that one bot may start in `botStartsMs`. */
  readonly botStarts: number;
  readonly botStartsMs: number;
  /** The same in all, in `botStartsTotalMs`. */
  readonly botStartsTotal: number;
  readonly botStartsTotalMs: number;
}

/** max_concurrency. */
export const startsAtOnce = (user: Snowflake, limits: StartLimits): RateClaim => ({
  bucket: 'starts at once',
  user,
  limit: limits.botStarts,
  windowMs: limits.botStartsMs,
});

/** total and remaining. */
export const startsInAll = (user: Snowflake, limits: StartLimits): RateClaim => ({
  bucket: 'starts in all',
  user,
  limit: limits.botStartsTotal,
  windowMs: limits.botStartsTotalMs,
});
