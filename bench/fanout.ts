/**
 * `npm run bench`: the server's CPU per delivery when a message goes to thousands of people's sessions in one guild, beside raw
 * `Bun.serve` publish of the same frame to as many sockets, in turns, with the same load client. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, rounded, sessionsThatFit } from './crowd.ts';
import {
  ASK_MS,
  connect,
  type Figure,
  type Figures,
  guildhallTarget,
  inTurns,
  postRound,
  startRaw,
  tellRaw,
} from './targets.ts';

const WANTED_SESSIONS = Number(process.env.BENCH_SESSIONS ?? 5000);
const PEOPLE = 50;
const CONTENT = 'x'.repeat(200);
const WINDOWS = [
  { inFlight: 1, messages: 20 },
  { inFlight: 8, messages: 80 },
] as const;

const us = ({ cpuMs }: Figure): number => rounded(cpuMs * 1000);

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  const sessions = sessionsThatFit(WANTED_SESSIONS);
  await using server = await ServerProcess.start(dataDir, ['--rate-limits', 'off']);
  await using client = loadClient();
  const town = Town.of(server);
  const { owner, place, tokens } = await gatherCrowd(town, Math.min(PEOPLE, sessions));
  await connect(client, { port: town.port, sessions, tokens });
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const own = { url, authorization: owner.token, body: JSON.stringify({ content: CONTENT }) };
  // One message, to have the very frame that is published.
  await client.ask('round', { ...own, messages: 1, inFlight: 1 }, ASK_MS);
  await using raw = await startRaw(dataDir);
  await tellRaw(raw, 'frames', { message: await client.ask<string>('sample') });
  await connect(raw.client, { port: raw.port, sessions, tokens: ['any'] });
  const posts = { guildhall: own, raw: { url: `${raw.url}/say`, authorization: 'none', body: CONTENT } };

  const rows: ({ inFlight: number } & Figures)[] = [];
  for (const window of WINDOWS) {
    const targets = [guildhallTarget(server, client), raw];
    const figures = await inTurns(targets, (it) => postRound(it, { ...posts[it.name], ...window }, 'delivery'));
    for (const it of targets) await it.client.ask('beat');
    rows.push({ inFlight: window.inFlight, ...figures });
  }

  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ machine, sessions, contentBytes: CONTENT.length, rows }, null, 2));
  else {
    console.log(
      `${sessions} sessions, ${CONTENT.length} bytes, ${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}`,
    );
    console.log('in flight | server CPU per delivery | raw publish | times raw | deliveries/s (server, raw)');
    for (const { inFlight, guildhall, raw: bare, timesRaw: times } of rows) {
      const speeds = `${guildhall.perSecond}, ${bare.perSecond}`;
      console.log(`${inFlight} | ${us(guildhall)} us | ${us(bare)} us | ${times} | ${speeds}`);
    }
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
