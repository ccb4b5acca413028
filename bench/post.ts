/**
 * `npx bun bench/post.ts`: what a message costs the server from its POST, over the store, to its delivery at 100 sessions of one guild, beside one thread
 * of Bun that stores it with a full sync and publishes it; and how long it takes to the last of 1,000 sessions. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, median, quantile, rounded } from './crowd.ts';
import type { LatencyAsk } from './load-client.ts';
import { ASK_MS, connect, type Figures, guildhallTarget, inTurns, postRound, startRaw, tellRaw } from './targets.ts';

const PEOPLE = 50;
const FEW = 100;
const MANY = 1000;
const CONTENT = 'x'.repeat(200);
const WINDOWS = [
  { inFlight: 1, messages: 200 },
  { inFlight: 8, messages: 400 },
] as const;
const LATENCIES = { messages: 300, pauseMs: 10 } as const;

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = loadClient();
  await using raw = await startRaw(dataDir);
  const town = Town.of(server);
  const { owner, place, tokens } = await gatherCrowd(town, PEOPLE);
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const own = { url, authorization: owner.token, body: JSON.stringify({ content: CONTENT }) };
  const posts = { guildhall: own, raw: { ...own, url: `${raw.url}/post` } };

  await connect(client, { port: town.port, sessions: FEW, tokens });
  await client.ask('round', { ...own, messages: 1, inFlight: 1 }, ASK_MS);
  await tellRaw(raw, 'frames', { message: await client.ask<string>('sample') });
  await connect(raw.client, { port: raw.port, sessions: FEW, tokens: ['any'] });
  const costs: ({ inFlight: number } & Figures)[] = [];
  for (const window of WINDOWS) {
    const targets = [guildhallTarget(server, client), raw];
    const figures = await inTurns(targets, (it) => postRound(it, { ...posts[it.name], ...window }, 'message'));
    costs.push({ inFlight: window.inFlight, ...figures });
  }

  await connect(client, { port: town.port, sessions: MANY, tokens });
  const latencyAsk: LatencyAsk = { ...own, ...LATENCIES };
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
    console.log(`in flight | server CPU per message, ${FEW} sessions | raw | times raw | messages/s (server, raw)`);
    for (const { inFlight, guildhall, raw: bare, timesRaw } of costs) {
      const speeds = `${guildhall.perSecond}, ${bare.perSecond}`;
      console.log(`${inFlight} | ${rounded(guildhall.cpuMs)} ms | ${rounded(bare.cpuMs)} ms | ${timesRaw} | ${speeds}`);
    }
    console.log(`POST to last delivery, ${MANY} sessions: p50 ${latency.p50Ms} ms, p99 ${latency.p99Ms} ms`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
