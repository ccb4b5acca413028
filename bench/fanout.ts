/**
 * `npm run bench`: the server's CPU per delivery when a message goes to thousands of people's sessions in one guild, beside raw
 * `Bun.serve` publish of the same frame to as many sockets, in turns, with the same load client. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineClient } from '../tests/support/line-client.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, median, rounded, sessionsThatFit } from './crowd.ts';
import type { ConnectAsk, RoundAnswer, RoundAsk } from './load-client.ts';
import { cpuMsOf } from './process-cpu.ts';

const WANTED_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 5000);
const PEOPLE = 50;
const CONTENT = 'x'.repeat(200);
const ROUNDS = 5;
const ASK_MS = 60_000;
const WINDOWS = [
  { inFlight: 1, messages: 20 },
  { inFlight: 8, messages: 80 },
] as const;

interface Target {
  readonly name: 'guildhall' | 'raw';
  readonly pid: number;
  readonly client: LineClient;
  readonly post: Pick<RoundAsk, 'url' | 'authorization' | 'body'>;
}

interface Figure {
  readonly target: Target['name'];
  readonly inFlight: number;
  /** Medians over the rounds. */
  readonly cpuUsPerDelivery: number;
  readonly deliveriesPerSecond: number;
  readonly rounds: readonly number[];
}

/** The server with its people in one guild; every person has an equal share of the sessions. */
async function guildhall(town: Town, pid: number, sessions: number, client: LineClient): Promise<Target> {
  const { owner, place, tokens } = await gatherCrowd(town, Math.min(PEOPLE, sessions));
  const ask: ConnectAsk = { port: town.port, sessions, tokens };
  await client.ask('connect', { ...ask }, ASK_MS * 2);
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const body = JSON.stringify({ content: CONTENT });
  return { name: 'guildhall', pid, client, post: { url, authorization: owner.token, body } };
}

async function raw(server: LineClient, pid: number, sessions: number, frame: string): Promise<Target> {
  const { port } = await server.until('listening');
  const url = `http://127.0.0.1:${String(port)}`;
  await fetch(`${url}/frame`, { method: 'POST', body: frame });
  const client = loadClient();
  const ask: ConnectAsk = { port: Number(port), sessions, tokens: ['any'] };
  await client.ask('connect', { ...ask }, ASK_MS * 2);
  return { name: 'raw', pid, client, post: { url: `${url}/say`, authorization: 'none', body: CONTENT } };
}

async function measure({ pid, client, post }: Target, window: (typeof WINDOWS)[number]): Promise<[number, number]> {
  const before = cpuMsOf(pid);
  const ask: RoundAsk = { ...post, ...window };
  const { deliveries, wallMs } = await client.ask<RoundAnswer>('round', { ...ask }, ASK_MS);
  return [((cpuMsOf(pid) - before) * 1000) / deliveries, (deliveries * 1000) / wallMs];
}

/** Rounds of all targets in turn, so that a busy moment of the machine hits both. */
async function measureAll(targets: readonly Target[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const window of WINDOWS) {
    const cpu = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    const speed = new Map<string, number[]>(targets.map(({ name }) => [name, []]));
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const target of targets) {
        const [us, perSecond] = await measure(target, window);
        if (round > 0) cpu.get(target.name)?.push(us);
        if (round > 0) speed.get(target.name)?.push(perSecond);
      }
    }
    for (const { client } of targets) await client.ask('beat');
    for (const { name } of targets) {
      const rounds = cpu.get(name) ?? [];
      figures.push({
        target: name,
        inFlight: window.inFlight,
        cpuUsPerDelivery: rounded(median(rounds)),
        deliveriesPerSecond: Math.round(median(speed.get(name) ?? [])),
        rounds: rounds.map((it) => rounded(it)),
      });
    }
  }
  return figures;
}

function print(sessions: number, figures: readonly Figure[]): void {
  const ratios = WINDOWS.map(({ inFlight }) => {
    const of = (name: string) => figures.find((it) => it.target === name && it.inFlight === inFlight);
    const ratio = (of('guildhall')?.cpuUsPerDelivery ?? 0) / (of('raw')?.cpuUsPerDelivery ?? 0);
    return { inFlight, timesRaw: rounded(ratio) };
  });
  if (process.argv.includes('--json')) {
    console.log(
      JSON.stringify({ sessions, contentBytes: CONTENT.length, rounds: ROUNDS, machine, figures, ratios }, null, 2),
    );
    return;
  }
  console.log(
    `${sessions} sessions, ${CONTENT.length} bytes, ${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}`,
  );
  console.log('in flight | server CPU per delivery | raw publish | times raw | deliveries/s (server, raw)');
  for (const { inFlight, timesRaw } of ratios) {
    const [own, bare] = figures.filter((it) => it.inFlight === inFlight);
    const speeds = `${own?.deliveriesPerSecond}, ${bare?.deliveriesPerSecond}`;
    console.log(`${inFlight} | ${own?.cpuUsPerDelivery} us | ${bare?.cpuUsPerDelivery} us | ${timesRaw} | ${speeds}`);
  }
}

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  const sessions = sessionsThatFit(WANTED_SESSIONS);
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = loadClient();
  const own = await guildhall(Town.of(server), server.pid, sessions, client);
  // One message, to have the very frame that is published.
  await client.ask('round', { ...own.post, messages: 1, inFlight: 1 }, ASK_MS);
  const frame = await client.ask<string>('sample');
  await using rawServer = LineClient.start(process.execPath, [join(import.meta.dir, 'raw-server.ts')], {});
  const bare = await raw(rawServer, rawServer.pid, sessions, frame);
  await using _bareClient = bare.client;
  print(sessions, await measureAll([own, bare]));
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
