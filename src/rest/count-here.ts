/** Counts requests in the buckets of this worker. */
import { refuse } from '../protocol/errors.ts';
import type { RateNumbers } from '../protocol/links.ts';
import type { Rate } from './deps.ts';
import type { Edge } from './edge.ts';
import { Refused } from './refused.ts';
import type { Scope } from './respond.ts';

/** A bucket of this worker is full, or the worker itself has too much to do. */
export class Overrun extends Refused {
  constructor(
    readonly numbers: RateNumbers,
    readonly scope: Scope,
  ) {
    const name = scope === 'shared' ? 'shed' : 'rateLimited';
    super(refuse(name, { retryAfter: Math.max(0.001, numbers.resetAfterMs / 1000) }));
  }
}

/** One hit. Throws Overrun when it is one too many. */
export function countHere(edge: Edge, name: string, rate: Rate, scope: 'user' | 'global' = 'user'): RateNumbers {
  const { deps } = edge;
  if (deps.config.rateLimits === null)
    return { limit: rate.limit, remaining: rate.limit - 1, resetAfterMs: rate.windowMs };
  const numbers = edge.buckets.hit(name, rate, deps.clock.now());
  if (numbers.remaining < 0) throw new Overrun(numbers, scope);
  return numbers;
}
