/** Runs a schedule and says what went wrong; drops pieces of one that fails as long as it still fails. */
import type { Counts } from './oracle.ts';
import type { Schedule, Step } from './plan.ts';
import { World } from './world.ts';

export interface Outcome {
  /** Null: every client saw what it was owed. */
  readonly failure: string | null;
  readonly counts: Counts;
  /** What happened, in order. */
  readonly trace: readonly string[];
}

export async function runSchedule({ plan, steps, isGentle }: Schedule): Promise<Outcome> {
  const world = new World(plan);
  const { counts } = world.oracle;
  let failure: string | null = null;
  try {
    await world.open();
    for (const step of steps) await world.act(step);
    await world.heal();
    if (isGentle && counts.refused > 0) failure = `${counts.refused} refused though nobody lied and nobody died`;
    else await world.end();
  } catch (error) {
    // An assertion of the code itself is a find as well.
    failure = error instanceof Error ? error.message : String(error);
  } finally {
    world.close();
  }
  return { failure, counts, trace: world.net.trace };
}

/** Indexes of the steps that are left, and how many clients. */
export interface Kept {
  readonly steps: readonly number[];
  readonly clients: number;
}

export const allOf = ({ plan, steps }: Schedule): Kept => ({
  steps: [...steps.keys()],
  clients: plan.clients,
});

export const keepOf = (schedule: Schedule, { steps, clients }: Kept): Schedule => ({
  ...schedule,
  plan: { ...schedule.plan, clients },
  steps: steps.flatMap((index): Step[] => schedule.steps.slice(index, index + 1)),
});

/** Some violation must be left, not the same one. Halves, quarters and so on are dropped, then single steps; then clients. */
export async function shrink(failing: Kept, fails: (less: Kept) => Promise<boolean>): Promise<Kept> {
  let { steps, clients } = failing;
  for (let size = steps.length >> 1; size > 0; size = size > 1 ? size >> 1 : 0) {
    for (let at = 0; at < steps.length; ) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await fails({ steps: fewer, clients })) steps = fewer;
      else at += size;
    }
  }
  for (let fewer = 1; fewer < clients; fewer += 1) {
    if (await fails({ steps, clients: fewer })) clients = fewer;
  }
  return { steps, clients };
}

const NONE = 'none';

/** `0-3,7`: indexes, and stretches of them. */
export function printSteps(steps: readonly number[]): string {
  if (steps.length === 0) return NONE;
  const stretches: [number, number][] = [];
  for (const step of steps) {
    const last = stretches.at(-1);
    if (last?.[1] === step - 1) last[1] = step;
    else stretches.push([step, step]);
  }
  return stretches.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join();
}

export function parseSteps(text: string): number[] {
  return text
    .split(',')
    .filter((part) => part !== NONE)
    .flatMap((part) => {
      const [from, to] = part.split('-').map(Number);
      return Array.from({ length: (to ?? from ?? 0) - (from ?? 0) + 1 }, (_, i) => (from ?? 0) + i);
    });
}
