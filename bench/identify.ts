/**
 * `npx bun bench/identify.ts`: what a session of a person in a big guild costs the server: CPU per identify, CPU per resume after all lines were cut at
 * once, and resident memory while it is idle. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawGateway } from '../tests/support/raw-gateway.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, median, rounded, sessionsThatFit } from './crowd.ts';
import type { ConnectAsk } from './load-client.ts';
import { cpuMsOf, residentKibOf } from './process-cpu.ts';
import { ASK_MS, connect, startRaw, tellRaw } from './targets.ts';

const WANTED_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 5000);
const PEOPLE = Number(process.env.BENCH_PEOPLE ?? 100);
/** What warms up: their cost counts for nothing. */
const FIRST_SESSIONS = 500;
const STEPS = 5;
const RESUMES = 5;
const RAW_ROUNDS = 5;
const SMALL_READY = '{"t":"READY","s":1,"op":0,"d":{}}';
/** Until the server has seen every line end. */
const CUT_MS = 1500;
/** Until the server has collected the garbage of the identifies and given its pages back. */
const IDLE_MS = 15_000;

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  const sessions = sessionsThatFit(WANTED_SESSIONS);
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = loadClient();
  const town = Town.of(server);
  const { tokens } = await gatherCrowd(town, PEOPLE);
  /** Server CPU in milliseconds for each of `count`. */
  const cost = async (act: string, upTo: number, count: number): Promise<number> => {
    const ask: ConnectAsk = { port: town.port, sessions: upTo, tokens, follow: true };
    const before = cpuMsOf(server.pid);
    await client.ask(act, { ...ask }, ASK_MS);
    return (cpuMsOf(server.pid) - before) / count;
  };

  await cost('connect', FIRST_SESSIONS, FIRST_SESSIONS);
  await client.ask('beat');
  await Bun.sleep(IDLE_MS);
  const residentBefore = residentKibOf(server.pid);
  const step = Math.floor((sessions - FIRST_SESSIONS) / STEPS);
  const identifies: number[] = [];
  for (let n = 1; n <= STEPS; n += 1) identifies.push(await cost('connect', FIRST_SESSIONS + n * step, step));
  await client.ask('beat');
  await Bun.sleep(IDLE_MS);
  const residentAfter = residentKibOf(server.pid);
  const connected = FIRST_SESSIONS + STEPS * step;

  const resumes: number[] = [];
  for (let n = 0; n <= RESUMES; n += 1) {
    await client.ask('cut');
    await Bun.sleep(CUT_MS);
    resumes.push(await cost('resume', connected, connected));
  }
  // The first warms up.
  const firstResume = resumes.shift() ?? Number.NaN;

  await using probe = await RawGateway.login(town.url, { token: tokens[0] ?? '' });
  const ready = probe.dispatches.find(({ t }) => t === 'READY')?.text ?? '';
  await using raw = await startRaw(dataDir);
  /** Of the least: a line that is upgraded, and its first word answered with one frame. */
  const rawCosts = async (frame: string): Promise<readonly number[]> => {
    await tellRaw(raw, 'frames', { ready: frame });
    const costs: number[] = [];
    for (let n = 0; n <= RAW_ROUNDS; n += 1) {
      const before = cpuMsOf(raw.pid);
      await connect(raw.client, { port: raw.port, sessions: step, tokens: ['any'] });
      costs.push((cpuMsOf(raw.pid) - before) / step);
      await raw.client.ask('cut');
      await Bun.sleep(CUT_MS);
    }
    // The first warms up.
    return costs.slice(1);
  };
  const raws = { ready: await rawCosts(ready), small: await rawCosts(SMALL_READY) };

  const figures = {
    cpuMsPerIdentify: rounded(median(identifies)),
    identifies: identifies.map((it) => rounded(it)),
    rawMsPerReady: rounded(median(raws.ready), 3),
    readyBytes: ready.length,
    cpuMsPerResume: rounded(median(resumes), 3),
    resumes: resumes.map((it) => rounded(it, 3)),
    firstResume: rounded(firstResume, 3),
    rawMsPerLine: rounded(median(raws.small), 3),
    residentKibPerSession: rounded((residentAfter - residentBefore) / (STEPS * step), 1),
    residentMib: [residentBefore, residentAfter].map((it) => Math.round(it / 1024)),
  };
  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ machine, sessions: connected, people: PEOPLE, ...figures }, null, 2));
  else {
    console.log(`${connected} sessions, ${PEOPLE} people, ${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}`);
    const { cpuMsPerIdentify, rawMsPerReady, cpuMsPerResume, rawMsPerLine } = figures;
    console.log(`server CPU per identify: ${cpuMsPerIdentify} ms (${figures.identifies.join(', ')})`);
    console.log(`  raw line with a READY of ${ready.length} bytes: ${rawMsPerReady} ms`);
    console.log(
      `server CPU per resume: ${cpuMsPerResume} ms (${figures.resumes.join(', ')}; before: ${figures.firstResume})`,
    );
    console.log(`  raw line: ${rawMsPerLine} ms`);
    console.log(
      `resident per idle session: ${figures.residentKibPerSession} KiB (${figures.residentMib.join(' to ')} MiB)`,
    );
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
