/**
 * `npx bun bench/actors.ts`: what an actor costs: resident memory of a million idle ones beyond their state, and tells in a second over a thousand of them on
 * one thread, through the directory, the mailbox and the shell that run guilds. Beside it, in the same run, the same states in a Map and the same
 * decisions called from a loop. JSON with `--json`.
 */
import { WorkerDirectory } from '../src/actor/worker-directory.ts';
import { realClock } from '../src/base/clock.ts';
import { BareBehavior } from '../src/host/bare-behavior.ts';
import { LIMITS } from '../src/limits.ts';
import type { Command } from '../src/protocol/commands.ts';
import { type Decision, done, type Turn } from '../src/protocol/decision.ts';
import type { Body } from '../src/protocol/envelope.ts';
import { type OwnerKey, userKey } from '../src/protocol/ids.ts';
import { machine, median, rounded } from './crowd.ts';
import { cpuMsOf, residentKibOf } from './process-cpu.ts';

const IDLE = Number(process.env.BENCH_ACTORS ?? 1_000_000);
const BUSY = 1000;
/** To each of them in one go. */
const EACH = 100;
const ROUNDS = 15;
/** Actors that load at the same time. */
const WAVE = 10_000;
const SETTLE_MS = 3000;

const NOTHING = done();

/** The smallest state there is. */
class Counter extends BareBehavior {
  count = 0;

  override decide(_command: Command, turn: Turn): Decision {
    if (turn.now > 0) this.count += 1;
    return NOTHING;
  }

  override isMember(): boolean {
    return false;
  }

  override topicsOf(): readonly string[] {
    return [];
  }

  override snapshot(): ReturnType<BareBehavior['snapshot']> {
    return { t: '', d: '', cls: 0 };
  }
}

const COMMAND: Command = { kind: 'probe', nonce: 'bench' };
const BODY: Body = { t: '', d: '', cls: 0, full: null };
const WORDING = {
  left: BODY,
  created: () => BODY,
  deleted: () => BODY,
  carried: () => [],
  gathered: [],
  gone: () => [],
};
const keyOf = (n: number): OwnerKey => userKey(String(n));

/** One worker alone, over a store that is never asked. */
function loneDirectory(behaviors: Map<OwnerKey, Counter>): WorkerDirectory {
  const never = (): never => {
    throw new Error('a counter has nothing to store or to load');
  };
  return new WorkerDirectory({
    self: '0.1',
    slots: 1,
    clock: realClock,
    limits: { ...LIMITS, actors: IDLE + BUSY },
    store: { commit: never, release: () => {}, result: async () => null, state: 'open' },
    log: (what, fields) => console.error(what, fields),
    mint: never,
    load: never,
    isVolatile: () => false,
    open: async (key) => {
      const behavior = behaviors.get(key) ?? new Counter();
      behaviors.set(key, behavior);
      return { epoch: 1, behavior, wording: WORDING, rows: [], forgotten: 0, head: 0, tells: [] };
    },
    outlet: () => {},
    residence: () => {},
    control: async () => {},
    serveRead: async () => ({ json: null, reacted: [], named: [] }),
    measure: () => [],
    health: async () => ({ slot: 0, status: 'ok', ms: 0 }),
  });
}

async function settled(): Promise<number> {
  Bun.gc(true);
  await Bun.sleep(SETTLE_MS);
  Bun.gc(true);
  return residentKibOf(process.pid) * 1024;
}

/** Bytes resident for `count` of what `fill` makes. */
async function grown(fill: () => Promise<number>): Promise<number> {
  const before = await settled();
  const count = await fill();
  return ((await settled()) - before) / count;
}

/** The states alone, under their keys. */
async function plainBytes(): Promise<number> {
  const states = new Map<OwnerKey, Counter>();
  const bytes = await grown(async () => {
    for (let n = 0; n < IDLE; n += 1) states.set(keyOf(n), new Counter());
    return IDLE;
  });
  if (states.size !== IDLE) throw new Error('not all states are there');
  return bytes;
}

/** The same with an actor for each, loaded, and idle since it has taken one command. */
async function actorBytes(): Promise<number> {
  const behaviors = new Map<OwnerKey, Counter>();
  const directory = loneDirectory(behaviors);
  const bytes = await grown(async () => {
    for (let from = 0; from < IDLE; from += WAVE) {
      for (let n = from; n < Math.min(IDLE, from + WAVE); n += 1) directory.tell(keyOf(n), COMMAND);
      await directory.actors.quiet(60_000);
    }
    return IDLE;
  });
  for (const { count } of behaviors.values()) if (count !== 1) throw new Error('an actor has not taken its command');
  if (directory.actors.size !== IDLE) throw new Error('not all actors are loaded');
  return bytes;
}

interface Pace {
  readonly perSecond: number;
  readonly cpuNs: number;
}

async function paceOf(count: number, act: () => Promise<void> | void): Promise<Pace> {
  const walls: number[] = [];
  const cpus: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [cpu, start] = [cpuMsOf(process.pid), performance.now()];
    await act();
    walls.push(performance.now() - start);
    cpus.push(cpuMsOf(process.pid) - cpu);
  }
  // The first third warms up.
  const [wall, cpu] = [median(walls.slice(ROUNDS / 3)), median(cpus.slice(ROUNDS / 3))];
  return { perSecond: Math.round((count * 1000) / wall), cpuNs: Math.round((cpu * 1e6) / count) };
}

async function tells(): Promise<{ readonly actors: Pace; readonly calls: Pace }> {
  const behaviors = new Map<OwnerKey, Counter>();
  const directory = loneDirectory(behaviors);
  const keys = Array.from({ length: BUSY }, (_, n) => keyOf(n));
  for (const key of keys) directory.actors.wake(key);
  await directory.actors.quiet(60_000);
  const goes = 20;
  const total = BUSY * EACH * goes;
  const actors = await paceOf(total, async () => {
    for (let go = 0; go < goes; go += 1) {
      for (let each = 0; each < EACH; each += 1) for (const key of keys) directory.tell(key, COMMAND);
      while (!directory.actors.isQuiet) await new Promise((resolve) => setImmediate(resolve));
    }
  });
  const told = [...behaviors.values()].reduce((sum, { count }) => sum + count, 0);
  if (told !== total * ROUNDS) throw new Error(`${told} of ${total * ROUNDS} tells arrived`);
  const turn: Turn = { now: realClock.now(), mint: () => '', unheard: false, seq: () => 0 };
  const calls = await paceOf(total, () => {
    for (let each = 0; each < EACH * goes; each += 1) for (const key of keys) behaviors.get(key)?.decide(COMMAND, turn);
  });
  directory.close();
  return { actors, calls };
}

/** Each part in a process of its own: what one leaves behind is not the other's. */
const PARTS = { plain: plainBytes, actors: actorBytes, tells } as const;
type Part = keyof typeof PARTS;

function run<P extends Part>(part: P): Awaited<ReturnType<(typeof PARTS)[P]>> {
  const { stdout, stderr, exitCode } = Bun.spawnSync([process.execPath, import.meta.path, '--part', part]);
  if (exitCode !== 0) throw new Error(`${part}: ${stderr.toString()}`);
  return JSON.parse(stdout.toString());
}

const asked = process.argv.indexOf('--part');
if (asked >= 0) console.log(JSON.stringify(await PARTS[process.argv[asked + 1] as Part]()));
else {
  const [plain, loaded, pace] = [run('plain'), run('actors'), run('tells')];
  const beyond = loaded - plain;
  const figures = {
    idleActors: IDLE,
    stateBytes: Math.round(plain),
    actorBytes: Math.round(loaded),
    beyondStateBytes: Math.round(beyond),
    beyondStateMb: Math.round((beyond * IDLE) / 1e6),
    tellsPerSecond: pace.actors.perSecond,
    cpuNsPerTell: pace.actors.cpuNs,
    callsPerSecond: pace.calls.perSecond,
    timesACall: rounded(pace.calls.perSecond / pace.actors.perSecond, 1),
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine, ...figures }, null, 2));
  else {
    console.log(`${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}`);
    console.log(
      `${IDLE} idle actors: ${figures.beyondStateMb} MB beyond their state (${figures.beyondStateBytes} bytes each; key and state ${figures.stateBytes})`,
    );
    console.log(`tells over ${BUSY} actors: ${figures.tellsPerSecond}/s, ${figures.cpuNsPerTell} ns CPU each`);
    console.log(`the same from a Map by a call: ${figures.callsPerSecond}/s, ${figures.timesACall} times as many`);
  }
}
