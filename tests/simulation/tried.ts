/** How many schedules are tried, and that each of them holds. */
import { expect } from 'bun:test';
import { emptyCounts } from './oracle.ts';
import { REAL_SEEDS, scheduleOf } from './plan.ts';
import { runSchedule } from './run.ts';

const isCi = process.env.CI === 'true';

/** Seeds of each kind from its first one on. CI tries so many; what is planted must be found among them (planted.test.ts). */
export const TRIED_IN_CI = { tiny: 2000, real: 5000 } as const;
const TRIED = isCi ? TRIED_IN_CI : { tiny: 200, real: 20 };

const MS_PER_RUN = 200;
export const TRIED_MS = TRIED_IN_CI.real * MS_PER_RUN;

/** Of all that are tried of this kind, this part: 0 to 1. */
export async function trySchedules(kind: keyof typeof TRIED, from: number, to: number): Promise<void> {
  const base = kind === 'real' ? REAL_SEEDS : 0;
  const [before, last] = [TRIED[kind] * from, TRIED[kind] * to];
  const counts = emptyCounts();
  for (let seed = base + before + 1; seed <= base + last; seed += 1) {
    const outcome = await runSchedule(scheduleOf(seed));
    if (outcome.failure !== null)
      throw new Error(
        `seed ${seed}: ${outcome.failure}\nnpm run simulate -- ${seed} --shrink\n${outcome.trace.slice(-60).join('\n')}`,
      );
    for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += outcome.counts[key];
  }
  // What never happens is not tried.
  const runs = last - before;
  expect(counts.rows).toBeGreaterThan(runs);
  expect(counts.frames).toBeGreaterThan(runs * 10);
  expect(counts.resumed).toBeGreaterThan(runs / 10);
}
