/**
 * `npx bun bench/post.ts`: what a message costs the server from its POST, over the store, to its delivery at 100 sessions of one guild, and how long it
 * takes to the last of 1,000 sessions. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, median, quantile, rounded } from './crowd.ts';
import type { ConnectAsk, LatencyAsk, RoundAnswer, RoundAsk } from './load-client.ts';
import { cpuMsOf } from './process-cpu.ts';

const PEOPLE = 50;
const FEW = 100;
const MANY = 1000;
const CONTENT = 'x'.repeat(200);
const ROUNDS = 5;
const WINDOWS = [
  { inFlight: 1, messages: 200 },
  { inFlight: 8, messages: 400 },
] as const;
const LATENCIES = { messages: 300, pauseMs: 10 } as const;
const ASK_MS = 60_000;

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = loadClient();
  const town = Town.of(server);
  const { owner, place, tokens } = await gatherCrowd(town, PEOPLE);
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const post = { url, authorization: owner.token, body: JSON.stringify({ content: CONTENT }) };
  const connect = (sessions: number) => {
    const ask: ConnectAsk = { port: town.port, sessions, tokens };
    return client.ask('connect', { ...ask }, ASK_MS);
  };

  await connect(FEW);
  const costs: { inFlight: number; cpuMsPerMessage: number; messagesPerSecond: number; rounds: number[] }[] = [];
  for (const window of WINDOWS) {
    const cpu: number[] = [];
    const speed: number[] = [];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const before = cpuMsOf(server.pid);
      const ask: RoundAsk = { ...post, ...window };
      const { wallMs } = await client.ask<RoundAnswer>('round', { ...ask }, ASK_MS);
      if (round > 0) cpu.push((cpuMsOf(server.pid) - before) / window.messages);
      if (round > 0) speed.push((window.messages * 1000) / wallMs);
    }
    costs.push({
      inFlight: window.inFlight,
      cpuMsPerMessage: rounded(median(cpu)),
      messagesPerSecond: Math.round(median(speed)),
      rounds: cpu.map((it) => rounded(it)),
    });
  }

  await connect(MANY);
  const latencyAsk: LatencyAsk = { ...post, ...LATENCIES };
  await client.ask('latencies', { ...latencyAsk, messages: 50 }, ASK_MS);
  const taken = await client.ask<number[]>('latencies', { ...latencyAsk }, ASK_MS);
  const latency = {
    p50Ms: rounded(median(taken), 1),
    p99Ms: rounded(quantile(taken, 0.99), 1),
    messages: taken.length,
  };

  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ machine, sessions: FEW, costs, online: MANY, latency }, null, 2));
  else {
    console.log(`${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}, ${CONTENT.length} bytes a message`);
    console.log(`in flight | server CPU per message, ${FEW} sessions | messages/s`);
    for (const it of costs) console.log(`${it.inFlight} | ${it.cpuMsPerMessage} ms | ${it.messagesPerSecond}`);
    console.log(`POST to last delivery, ${MANY} sessions: p50 ${latency.p50Ms} ms, p99 ${latency.p99Ms} ms`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
