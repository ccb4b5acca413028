/** Random schedules (200, in CI 5,000) of attach, cut, resume (here, elsewhere, stale, absurd), visibility and deaths, judged by the oracle. */
import { expect, test } from 'bun:test';
import { emptyCounts } from './oracle.ts';
import { scheduleOf } from './plan.ts';
import { runSchedule } from './run.ts';

const RUNS = process.env.CI === 'true' ? 5000 : 200;

test(`${RUNS} random schedules: npm run simulate -- SEED --shrink tells one that fails`, async () => {
  const counts = emptyCounts();
  for (let seed = 1; seed <= RUNS; seed += 1) {
    const outcome = await runSchedule(scheduleOf(seed));
    if (outcome.failure !== null)
      throw new Error(`seed ${seed}: ${outcome.failure}\n${outcome.trace.slice(-60).join('\n')}`);
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += outcome.counts[key];
  }
  // What never happens is not tried.
  expect(counts.rows).toBeGreaterThan(RUNS);
  expect(counts.frames).toBeGreaterThan(RUNS * 10);
  expect(counts.resumed).toBeGreaterThan(RUNS / 4);
}, 180_000);
