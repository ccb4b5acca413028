/**
 * `npx bun bench/history.ts`: server CPU per page of 50 messages over HTTP, from a channel of 100,000: pages before ids by chance, which the server has to
 * read, and one page again and again, which its readers may share. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../src/base/random.ts';
import { guildKey } from '../src/protocol/ids.ts';
import { snowflakeAt } from '../src/protocol/snowflake.ts';
import { connectStore } from '../src/store/sqlite/client.ts';
import { openSqlite } from '../src/store/sqlite/threads.ts';
import { messageRecord } from '../tests/conformance/store-records.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, median, rounded } from './crowd.ts';
import type { PagesAsk } from './load-client.ts';
import { cpuMsOf } from './process-cpu.ts';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 100_000);
/** One in so many milliseconds: four months of them. */
const EVERY_MS = 100_000;
const CONTENT = 'x'.repeat(200);
const PAGE = 50;
const PAGES = 1000;
const ROUNDS = 5;
const WINDOWS = [1, 8] as const;
const COMMIT = 1000;
const ASK_MS = 60_000;

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
const start = (): Promise<ServerProcess> => ServerProcess.start(dataDir, ['--rate-limits', 'off']);

/** Straight into the store, where the server is not. */
async function fill(guild: string, channel: string, author: string, newest: number): Promise<void> {
  const threads = await openSqlite({ dir: dataDir, readers: 1 });
  const store = connectStore(threads.connect());
  const owner = guildKey(guild);
  const epoch = await store.fence(owner);
  for (let from = MESSAGES; from > 0; from -= COMMIT) {
    const writes = Array.from({ length: Math.min(COMMIT, from) }, (_, n) => {
      const id = snowflakeAt(newest - (from - n) * EVERY_MS);
      return { w: 'putMessage', message: messageRecord(channel, id, CONTENT, author) } as const;
    });
    await store.commit({ owner, epoch, writes });
  }
  await store.close();
  await threads.close();
}

try {
  const newest = Date.now();
  const made = await start();
  const { owner, place } = await gatherCrowd(Town.of(made), 2);
  await made.stop();
  await fill(place.id, place.channel, owner.id, newest);
  await using server = await start();
  await using client = loadClient();
  const url = `${Town.of(server).url}/api/v10/channels/${place.channel}/messages?limit=${PAGE}&before=`;
  const random = seededRandom(1);
  const anywhere = (): string => snowflakeAt(newest - Math.floor(random.unit() * (MESSAGES - PAGE)) * EVERY_MS);
  const kinds = { different: anywhere, equal: () => snowflakeAt(newest) };

  const rows: { pages: string; inFlight: number; cpuMsPerPage: number; rounds: number[] }[] = [];
  for (const [pages, before] of Object.entries(kinds)) {
    for (const inFlight of WINDOWS) {
      const costs: number[] = [];
      // The first round warms up.
      for (let round = 0; round <= ROUNDS; round += 1) {
        const ask: PagesAsk = {
          url,
          authorization: owner.token,
          before: Array.from({ length: PAGES }, before),
          inFlight,
        };
        const cpu = cpuMsOf(server.pid);
        const came = await client.ask<number>('pages', { ...ask }, ASK_MS);
        if (came !== PAGES * PAGE) throw new Error(`${came} messages in ${PAGES} pages of ${PAGE}`);
        if (round > 0) costs.push((cpuMsOf(server.pid) - cpu) / PAGES);
      }
      rows.push({ pages, inFlight, cpuMsPerPage: rounded(median(costs)), rounds: costs.map((it) => rounded(it)) });
    }
  }

  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine, messages: MESSAGES, rows }, null, 2));
  else {
    console.log(
      `${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}, ${MESSAGES} messages of ${CONTENT.length} bytes`,
    );
    console.log('pages | in flight | server CPU per page of 50 | rounds');
    for (const it of rows) console.log(`${it.pages} | ${it.inFlight} | ${it.cpuMsPerPage} ms | ${it.rounds.join(' ')}`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
