/**
 * `npx bun bench/stalled.ts`: 1,000 of 5,000 sessions of one guild stop reading. How long a message takes to the others, beside the quiet run before, in
 * the same process; what the server's memory does; and what becomes of the stalled when they read again. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { LineClient } from '../tests/support/line-client.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, machine, rounded, sessionsThatFit } from './crowd.ts';
import { residentKibOf } from './process-cpu.ts';
import type { BurstAnswer, BurstAsk, ConnectAsk, WakeAnswer } from './stalled-client.ts';

const WANTED_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 5000);
const PEOPLE = 50;
const SMALL = JSON.stringify({ content: 'x'.repeat(200) });
/** 18 KB each: what fills the kernel's buffers of a line that is not read, some 4 MB. */
const BIG = JSON.stringify({ content: '€'.repeat(2000), embeds: [{ description: '€'.repeat(4000) }] });
const MESSAGES = 300;
const PAUSE_MS = 10;
const STEP = 25;
/** Big messages at most until the server has noticed all who do not read. */
const FILL_MAX = 600;
const ASK_MS = 120_000;

async function metricsOf(town: Town): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${town.url}/metrics`)).text();
  const lines = text.split('\n').flatMap((line) => (/^[a-z_]+ \d/.test(line) ? [line.split(' ')] : []));
  return new Map(lines.map(([name = '', value]) => [name, Number(value)]));
}

interface Figure {
  readonly what: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly messages: number;
}

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  const sessions = sessionsThatFit(WANTED_SESSIONS);
  const stalled = Math.floor(sessions / 5);
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = LineClient.start(process.execPath, [join(import.meta.dir, 'stalled-client.ts')], {});
  const town = Town.of(server);
  const { owner, place, tokens } = await gatherCrowd(town, PEOPLE);
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const figures: Figure[] = [];
  let peakKib = 0;

  const burst = async (body: string, messages: number): Promise<BurstAnswer> => {
    const ask: BurstAsk = { url, authorization: owner.token, body, messages, pauseMs: PAUSE_MS };
    const answer = await client.ask<BurstAnswer>('burst', { ...ask }, ASK_MS);
    peakKib = Math.max(peakKib, residentKibOf(server.pid));
    await client.ask('beat');
    return answer;
  };
  const measure = async (what: string, body: string, messages: number): Promise<void> => {
    const { p50Ms, p99Ms } = await burst(body, messages);
    figures.push({ what, p50Ms: rounded(p50Ms, 1), p99Ms: rounded(p99Ms, 1), messages });
  };

  const load = rounded(loadavg()[0] ?? Number.NaN, 1);
  const ask: ConnectAsk = { port: town.port, tokens, readers: sessions - stalled, stalled };
  await client.ask('connect', { ...ask }, ASK_MS);
  await burst(SMALL, 50);
  await burst(BIG, STEP);
  await measure('quiet', SMALL, MESSAGES);
  await measure('quiet, 18 KB', BIG, STEP * 4);
  const quietKib = residentKibOf(server.pid);
  peakKib = 0;

  await client.ask('stall');
  const noticed = async (): Promise<boolean> => {
    const live = (await metricsOf(town)).get('guildhall_sessions_live') ?? 0;
    return live <= sessions - stalled;
  };
  const filling: BurstAnswer[] = [];
  while (filling.length * STEP < FILL_MAX && !(await noticed())) filling.push(await burst(BIG, STEP));
  const worst = (of: (answer: BurstAnswer) => number): number => rounded(Math.max(...filling.map(of)), 1);
  figures.push({
    what: 'while the stalled are found out, 18 KB (worst of its steps)',
    p50Ms: worst(({ p50Ms }) => p50Ms),
    p99Ms: worst(({ p99Ms }) => p99Ms),
    messages: filling.length * STEP,
  });
  await measure('stalled', SMALL, MESSAGES);
  await measure('stalled, 18 KB', BIG, STEP * 4);
  const metrics = await metricsOf(town);
  const paced = metrics.get('guildhall_sessions_paced_total') ?? 0;
  const stalledKib = peakKib;
  const woken = await client.ask<WakeAnswer>('wake', {}, ASK_MS);
  const memory = { quietMib: rounded(quietKib / 1024, 0), peakMib: rounded(stalledKib / 1024, 0) };
  const p99 = (what: string): number => figures.find((it) => it.what === what)?.p99Ms ?? Number.NaN;
  const timesQuiet = rounded(p99('stalled') / p99('quiet'));

  if (process.argv.includes('--json'))
    console.log(
      JSON.stringify({ machine, load, sessions, stalled, figures, timesQuiet, paced, memory, woken }, null, 2),
    );
  else {
    console.log(
      `${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}, load ${load}; ${stalled} of ${sessions} stall`,
    );
    console.log('POST to a reader | p50 | p99 | messages');
    for (const it of figures) console.log(`${it.what} | ${it.p50Ms} ms | ${it.p99Ms} ms | ${it.messages}`);
    console.log(`p99 stalled / quiet: ${timesQuiet}; left to their cursors: ${paced} times`);
    console.log(`resident: ${memory.quietMib} MiB quiet, at most ${memory.peakMib} MiB`);
    console.log(`when they read again: ${woken.whole} of ${stalled} have all, ${woken.cut} were cut`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
