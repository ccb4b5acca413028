/**
 * `npx bun bench/history.ts`: server CPU per page of 50 messages over HTTP, from a channel of 100,000: pages before ids by chance, which the server has to
 * read, and one page again and again, which its readers may share; beside one thread of Bun that reads as many rows and answers with them. JSON with `--json`.
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
import type { LineClient } from '../tests/support/line-client.ts';
import { ServerProcess } from '../tests/support/server-process.ts';
import { Town } from '../tests/support/town.ts';
import { gatherCrowd, loadClient, machine, rounded } from './crowd.ts';
import type { PagesAsk } from './load-client.ts';
import { ASK_MS, type Figures, guildhallTarget, inTurns, type Round, startRaw, tellRaw } from './targets.ts';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 100_000);
/** One in so many milliseconds: four months of them. */
const EVERY_MS = 100_000;
const CONTENT = 'x'.repeat(200);
const PAGE = 50;
const PAGES = 1000;
const WINDOWS = [1, 8] as const;
const COMMIT = 1000;

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
const start = (): Promise<ServerProcess> => ServerProcess.start(dataDir, ['--rate-limits', 'off']);

async function pagesRound(client: LineClient, ask: PagesAsk): Promise<Round> {
  const began = performance.now();
  const came = await client.ask<number>('pages', { ...ask }, ASK_MS);
  if (came !== PAGES * PAGE) throw new Error(`${came} messages in ${PAGES} pages of ${PAGE}`);
  return { units: PAGES, wallMs: performance.now() - began };
}

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
  await using raw = await startRaw(dataDir);
  const api = `${Town.of(server).url}/api/v10/channels/${place.channel}/messages?limit=${PAGE}`;
  const [sample] = (await (await fetch(api, { headers: { authorization: owner.token } })).json()) as unknown[];
  await tellRaw(raw, 'fill', { messages: MESSAGES, wire: JSON.stringify(sample) });
  /** By how many messages back from the newest a page begins. */
  const sources = {
    guildhall: { url: `${api}&before=`, borderOf: (back: number) => snowflakeAt(newest - back * EVERY_MS) },
    raw: { url: `${raw.url}/page?before=`, borderOf: (back: number) => String(MESSAGES - back) },
  };
  const random = seededRandom(1);
  const before = {
    different: (): number => Math.floor(random.unit() * (MESSAGES - PAGE)),
    equal: (): number => 0,
  };
  const targets = [guildhallTarget(server, client), raw];

  const rows: ({ pages: string; inFlight: number } & Figures)[] = [];
  for (const [pages, back] of Object.entries(before)) {
    for (const inFlight of WINDOWS) {
      const figures = await inTurns(targets, (it) => {
        const { url, borderOf } = sources[it.name];
        const before = Array.from({ length: PAGES }, () => borderOf(back()));
        return pagesRound(it.client, { url, authorization: owner.token, before, inFlight });
      });
      rows.push({ pages, inFlight, ...figures });
    }
  }

  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine, messages: MESSAGES, rows }, null, 2));
  else {
    console.log(
      `${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}, ${MESSAGES} messages of ${CONTENT.length} bytes`,
    );
    console.log('pages | in flight | server CPU per page of 50 | raw | times raw');
    for (const { pages, inFlight, guildhall, raw: bare, timesRaw } of rows)
      console.log(`${pages} | ${inFlight} | ${rounded(guildhall.cpuMs)} ms | ${rounded(bare.cpuMs)} ms | ${timesRaw}`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
