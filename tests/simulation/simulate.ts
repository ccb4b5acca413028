/**
 * npm run simulate -- SEED [--runs N] [--shrink] [--bug NAME] [--steps LIST] [--clients N] [--trace N]
 *
 * Tries seeds from SEED on (one, or N) and tells the first that fails: its town, what happened, and what was wrong. `--shrink` drops what is not
 * needed for that and prints the command that replays the rest. `--steps` and `--clients` are such a rest. `--bug` plants one of planted.ts first.
 */
import { parseArgs } from 'node:util';
import type { Schedule } from './plan.ts';
import { plant } from './plant.ts';
import type { Kept } from './run.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '1' },
    shrink: { type: 'boolean', default: false },
    bug: { type: 'string' },
    steps: { type: 'string' },
    clients: { type: 'string' },
    trace: { type: 'string', default: '200' },
  },
});

if (values.bug !== undefined) plant(values.bug);
// The code under test is loaded behind the bug.
const { scheduleOf } = await import('./plan.ts');
const { allOf, keepOf, parseSteps, printSteps, runSchedule, shrink } = await import('./run.ts');

const first = Number(positionals[0] ?? 1);
let failed = false;
for (let seed = first; seed < first + Number(values.runs) && !failed; seed += 1) {
  const whole = scheduleOf(seed);
  const kept = keptOf(whole);
  const { failure } = await runSchedule(keepOf(whole, kept));
  if (failure === null) continue;
  failed = true;
  console.log(`seed ${seed} fails: ${failure}`);
  const least = values.shrink ? await shrunk(whole) : kept;
  await report(whole, least);
}
if (!failed) console.log(`${values.runs} from seed ${first}: none fails`);
process.exitCode = failed ? 1 : 0;

function keptOf(whole: Schedule): Kept {
  const { steps, clients } = allOf(whole);
  return {
    steps: values.steps === undefined ? steps : parseSteps(values.steps),
    clients: values.clients === undefined ? clients : Number(values.clients),
  };
}

async function shrunk(whole: Schedule): Promise<Kept> {
  return shrink(keptOf(whole), async (kept) => (await runSchedule(keepOf(whole, kept))).failure !== null);
}

/** Runs it once more, and says how anybody can. */
async function report(whole: Schedule, kept: Kept): Promise<void> {
  const { plan, steps } = keepOf(whole, kept);
  const { failure, trace } = await runSchedule(keepOf(whole, kept));
  console.log(JSON.stringify(plan));
  console.log(trace.slice(-Number(values.trace)).join('\n'));
  console.log(`=> ${failure}`);
  const bug = values.bug === undefined ? '' : ` --bug ${values.bug}`;
  const rest = ` --steps ${printSteps(kept.steps)} --clients ${kept.clients}`;
  console.log(`${steps.length} of ${whole.steps.length} steps, ${plan.clients} of ${whole.plan.clients} clients`);
  console.log(`npm run simulate -- ${plan.seed}${bug}${steps.length === whole.steps.length ? '' : rest}`);
}
