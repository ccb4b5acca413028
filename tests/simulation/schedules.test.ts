/**
 * Random schedules of attach, cut, resume (here, elsewhere, stale, absurd), visibility and deaths, judged by the oracle: in towns of tiny rules (200, in
 * CI 5,000) and of the real ones (20, in CI 500).
 */
import { expect, test } from 'bun:test';
import { emptyCounts } from './oracle.ts';
import { REAL_SEEDS, scheduleOf } from './plan.ts';
import { runSchedule } from './run.ts';

const isCi = process.env.CI === 'true';

test.each([
  ['tiny', 1, isCi ? 5000 : 200],
  ['real', REAL_SEEDS + 1, isCi ? 500 : 20],
])(
  'random schedules of %s rules: npm run simulate -- SEED --shrink tells one that fails',
  async (_, first, runs) => {
    const counts = emptyCounts();
    for (let seed = first; seed < first + runs; seed += 1) {
      const outcome = await runSchedule(scheduleOf(seed));
      if (outcome.failure !== null)
        throw new Error(`seed ${seed}: ${outcome.failure}\n${outcome.trace.slice(-60).join('\n')}`);
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += outcome.counts[key];
    }
    // What never happens is not tried.
    expect(counts.rows).toBeGreaterThan(runs);
    expect(counts.frames).toBeGreaterThan(runs * 10);
    expect(counts.resumed).toBeGreaterThan(runs / 4);
  },
  180_000,
);
