/** Random schedules (200, in CI 5,000) of attach, cut, resume (here, elsewhere, stale, absurd), visibility and deaths, judged by the oracle. A seed replays one. */
import { describe, expect, test } from 'bun:test';
import { seededRandom } from '../../src/base/random.ts';
import { ACTIONS, type Action, HARSH, type Plan, type Step, World } from './world.ts';

const FIRST = Number(process.env.SIMULATION_SEED ?? 1);
const RUNS = Number(process.env.SIMULATION_RUNS ?? (process.env.CI === 'true' ? 5000 : 200));

interface Schedule {
  readonly plan: Plan;
  readonly steps: readonly Step[];
  /** Nobody lies and nobody dies, and the logs are roomy: then nobody may be refused. */
  readonly isGentle: boolean;
}

function schedule(seed: number): Schedule {
  const random = seededRandom(seed);
  const draw = (): number => Math.floor(random.unit() * 2 ** 30);
  const between = (low: number, high: number): number => low + (draw() % (high - low + 1));
  const isGentle = seed % 2 === 0;
  const actions = (Object.keys(ACTIONS) as Action[]).filter((action) => !isGentle || !HARSH.has(action));
  const weighted = actions.flatMap((action) => Array.from({ length: ACTIONS[action] }, () => action));
  const isTight = !isGentle && draw() % 3 === 0;
  const writableBytes = between(300, 1500);
  const plan: Plan = {
    seed,
    workers: between(2, 3),
    guilds: between(1, 3),
    channels: between(1, 2),
    clients: between(4, 8),
    users: between(2, 6),
    limits: {
      ...(isTight ? { logEntries: between(12, 40) } : {}),
      writableBytes,
      flushBytes: writableBytes,
      backpressureBytes: writableBytes * 4,
      bigBodyBytes: draw() % 2 === 0 ? 200 : 1 << 14,
      cursorFrames: between(2, 40),
      zombieMs: 10_000_000,
      // Some sessions end while their clients are away.
      detachedMs: !isGentle && draw() % 4 === 0 ? 100 : 9_000_000,
      sweepMs: 20,
      logAgeMs: 10_000_000,
    },
    ringRows: !isGentle && draw() % 4 === 0 ? between(2, 6) : 1000,
    // A full link refuses entries and leaves marks.
    linkEntries: draw() % 4 === 0 ? between(10, 30) : 100_000,
  };
  const steps: Step[] = [];
  const hurry = between(1, 12);
  for (let i = between(10, 60); i > 0; i -= 1) {
    steps.push([weighted[draw() % weighted.length]!, draw(), draw(), draw()]);
    for (let k = draw() % (hurry + 1); k > 0; k -= 1) steps.push(['step', draw(), 0, 0]);
  }
  return { plan, steps, isGentle };
}

async function run({ plan, steps, isGentle }: Schedule): Promise<World> {
  const world = new World(plan);
  try {
    await world.open();
    for (const step of steps) await world.act(step);
    await world.heal();
    if (isGentle) expect(world.oracle.counts.refused).toBe(0);
  } catch (error) {
    const trace = world.net.trace.slice(-Number(process.env.SIMULATION_TRACE ?? 60)).join('\n');
    throw new Error(`seed ${plan.seed}: ${(error as Error).message}\n${JSON.stringify(plan)}\n${trace}`, {
      cause: error,
    });
  } finally {
    world.close();
  }
  return world;
}

describe('random schedules', () => {
  test(`${RUNS} from seed ${FIRST}`, async () => {
    const counts = { rows: 0, frames: 0, resumed: 0, refused: 0 };
    for (let seed = FIRST; seed < FIRST + RUNS; seed += 1) {
      const { oracle } = await run(schedule(seed));
      for (const key of Object.keys(counts) as (keyof typeof counts)[]) counts[key] += oracle.counts[key];
    }
    // What never happens is not tried.
    expect(counts.rows).toBeGreaterThan(RUNS);
    expect(counts.frames).toBeGreaterThan(RUNS * 10);
    expect(counts.resumed).toBeGreaterThan(RUNS / 4);
  }, 120_000);
});
