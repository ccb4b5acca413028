/** Ten times more than the server sustains, for a minute: it refuses early and in order, keeps its memory, loses nothing it accepted, and recovers unaided. */
import { expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '../../src/limits.ts';
import { SHED_ORDER, type Urgency } from '../../src/protocol/urgency.ts';
import { eventually } from '../support/eventually.ts';
import { type Answers, type FloodPlan, type FloodReport, KINDS } from '../support/flood.ts';
import { ServerProcess } from '../support/server-process.ts';
import { Town } from '../support/town.ts';

const SECONDS = process.env.CI ? 60 : 15;
const CALIBRATION_SECONDS = 4;
const TIMES = 10;
/** So many wait at once: far more than are served early. With thousands a single turn takes so long that beside other tests the worker counts as hanging. */
const CONNECTIONS = 600;
/** Times what it sustains that it is sent at least; how much more depends on how cheap its refusals are beside the flood on the same cores. */
const MORE = 1.5;
const PEOPLE = 12;
/** What may fill up in the second half: the log of the worker, and a cache of pages. */
const GROWTH_BYTES = LIMITS.logBytes + (64 << 20);

const FLOOD = new URL('../support/flood.ts', import.meta.url).pathname;

interface Look {
  readonly level: number;
  readonly bytes: number;
  /** By kind: what the worker shed, and what anybody did: the worker, the gate or the mailbox of an owner. */
  readonly byWorker: Readonly<Record<Urgency, number>>;
  readonly byAll: Readonly<Record<Urgency, number>>;
}

function flood(plan: FloodPlan): Promise<FloodReport> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [FLOOD, JSON.stringify(plan)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(text) as FloodReport);
      else reject(new Error(`the flood ended with ${code}`));
    });
  });
}

async function look(town: Town): Promise<Look> {
  const text = await (await fetch(`${town.url}/metrics`)).text();
  const read = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
  const of = (family: string, kind: Urgency): number => read(`guildhall_${family}_total{kind="${kind}"}`);
  const each = (count: (kind: Urgency) => number) =>
    Object.fromEntries(SHED_ORDER.map((kind) => [kind, count(kind)])) as Record<Urgency, number>;
  return {
    level: read('guildhall_overload_level'),
    bytes: read('process_resident_memory_bytes'),
    byWorker: each((kind) => of('shed', kind)),
    byAll: each((kind) => of('shed', kind) + of('gated', kind) + of('mailbox_shed', kind)),
  };
}

/** As long as `running` is under way, one look after the other. */
async function watch(town: Town, running: Promise<unknown>): Promise<Look[]> {
  const looks: Look[] = [];
  const ended = running.then(() => true);
  for (;;) {
    looks.push(await look(town));
    if (await Promise.race([ended, Bun.sleep(250)])) return looks;
  }
}

const taken = ({ byStatus }: Answers): number =>
  Object.entries(byStatus).reduce((sum, [status, count]) => sum + (status.startsWith('2') ? count : 0), 0);

/** What is shed at a level is shed only when all that goes before it is, of these kinds. */
function inOrder({ byWorker }: Look, kinds: readonly Urgency[]): boolean {
  const isShed = kinds.map((kind) => byWorker[kind] > 0);
  return isShed.every((is, n) => !is || n === 0 || isShed[n - 1] === true);
}

const peakOf = (looks: readonly Look[]): number => Math.max(...looks.map(({ bytes }) => bytes));

test('ten times too much for a minute: early refusals in order, flat memory, nothing accepted lost, recovery unaided', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-flood-'));
  const server = await ServerProcess.start(dataDir, ['--workers', '1', '--rate-limits', 'off']);
  try {
    const town = Town.of(server);
    const owner = await town.person('owner');
    const place = await town.guild(owner);
    const people = [owner];
    while (people.length < PEOPLE) people.push(await town.person('guest'));
    await town.join(owner, place, ...people.slice(1));
    const { id: message } = await town.say(owner, place.channel, 'react to me');
    const plan = { port: town.port, tokens: people.map(({ token }) => token), channel: place.channel, message };
    const calm = { ...plan, seconds: CALIBRATION_SECONDS, rate: null, connections: 16, presences: 0, identifies: 0 };
    const sustained = await flood({ ...calm, name: 'calm' });
    const perSecond = KINDS.reduce((sum, kind) => sum + taken(sustained.answers[kind]), 0) / CALIBRATION_SECONDS;

    const rate = perSecond * TIMES;
    const running = flood({
      ...plan,
      seconds: SECONDS,
      rate,
      connections: CONNECTIONS,
      presences: PEOPLE,
      identifies: 30,
      name: 'flood',
    });
    const looks = await watch(town, running);
    const report = await running;
    const { answers } = report;
    const offered = KINDS.reduce((sum, kind) => sum + answers[kind].offered, 0);
    expect(offered).toBeGreaterThan(rate * SECONDS * 0.9);
    // What no connection was free for was not sent: all of them waited. What was sent is more than the server takes.
    expect(report.unsent).toBeGreaterThan(0);
    expect(offered - report.unsent).toBeGreaterThan(perSecond * SECONDS * MORE);

    // Every request was answered: taken, or told to come again.
    expect(report.strange).toEqual([]);
    for (const kind of KINDS) expect(answers[kind].p99Ms).toBeLessThan(LIMITS.askMs);
    expect(answers.reaction.byStatus[429]).toBeGreaterThan(0);
    expect(answers.typing.byStatus[429]).toBeUndefined();
    const left = taken(answers.typing) - report.typingsHeard;
    expect(left).toBeGreaterThan(0);
    const part = (lost: number, { byStatus }: Answers): number =>
      lost / Object.values(byStatus).reduce((sum, count) => sum + count, 0);
    const shed = [
      part(left, answers.typing),
      part(answers.reaction.byStatus[429] ?? 0, answers.reaction),
      part(answers.message.byStatus[429] ?? 0, answers.message),
    ];
    expect(shed).toEqual(shed.toSorted((a, b) => b - a));
    // Presence comes a few times a second only: between two looks there may have been none to shed.
    expect(looks.filter((each) => !inOrder(each, ['typing', 'ordinary', 'message']))).toEqual([]);
    const last = await look(town);
    expect(inOrder(last, SHED_ORDER)).toBe(true);
    expect(last.byAll.typing).toBeGreaterThan(0);
    expect(last.byAll.ordinary).toBeGreaterThan(0);
    // Whoever was told to come again is in the counters; typing that was shed was told nothing.
    const told = [answers.reaction, answers.message].reduce((sum, { byStatus }) => sum + (byStatus[429] ?? 0), 0);
    expect(last.byAll.ordinary + last.byAll.message).toBeGreaterThanOrEqual(told);
    expect(last.byAll.typing).toBeGreaterThanOrEqual(left);
    expect(report.ready).toBeGreaterThan(0);

    const half = Math.floor(looks.length / 2);
    expect(peakOf(looks.slice(half))).toBeLessThan(peakOf(looks.slice(0, half)) + GROWTH_BYTES);

    expect(report.acknowledged.length).toBeGreaterThan(0);
    expect(report.undelivered).toEqual([]);
    await eventually('it is calm', async () => (await look(town)).level === 0);
    const kept = new Set((await town.history(owner, place.channel)).map(({ id }) => id));
    expect(report.acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    await using seen = await town.visit(people[1] ?? owner);
    const after = await town.say(owner, place.channel, 'after the flood');
    await seen.dispatch('MESSAGE_CREATE', { id: after.id });
    await eventually('all is well', async () => (await fetch(`${town.url}/health`)).ok);
  } finally {
    await server.stop();
    await server.kill();
    await rm(dataDir, { recursive: true, force: true });
  }
}, 240_000);
