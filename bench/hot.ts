/**
 * `bun bench/hot.ts`: how long readers of other channels wait while one channel is read twenty times as much as each of them: alone, beside the hot one,
 * and beside it with workers whose channels take no turns. Every read is a query of its own. JSON with `--json`; `BENCH_STORE`: one, as in `coalesce.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callRest } from '../tests/support/call-rest.ts';
import { Town } from '../tests/support/town.ts';
import { machine, quantile, rounded } from './crowd.ts';
import type { Group, GroupAnswer, LoadAsk } from './read-client.ts';
import { type ChannelGround, openGround, type Variant, withServer } from './read-ground.ts';

const OTHERS = 8;
const TIMES = 20;
const MESSAGES = 200;
const READS = 800;
const ROUNDS = 3;
const ASK_MS = 300_000;

const OURS: Variant = { name: 'channels take turns', worker: 'ours', flags: ['--read-cache-mb', '0'] };
const NO_TURNS: Variant = { name: 'no turns', worker: 'no-turns', flags: ['--read-cache-mb', '0'] };

/** Ids of each channel's newer half: a page before any of them is full. */
async function idsOf(base: string, { token, channels }: ChannelGround): Promise<string[][]> {
  const pages = channels.map((id) =>
    callRest<{ id: string }[]>(base, token, 'GET', `/channels/${id}/messages?limit=100`),
  );
  return (await Promise.all(pages)).map((page) => page.map(({ id }) => id));
}

async function measure(ground: ChannelGround, variant: Variant, isHot: boolean) {
  return withServer(ground, variant, async (server, client) => {
    const url = `${Town.of(server).url}/api/v10`;
    const ids = await idsOf(Town.of(server).url, ground);
    const [hot = '', ...others] = ground.channels;
    const groups: Group[] = [
      { name: 'others', channels: others, exponent: 0, readers: OTHERS, before: ids.slice(1), reads: READS },
    ];
    const hotGroup = { name: 'hot', channels: [hot], exponent: 0, readers: TIMES, before: ids.slice(0, 1) };
    if (isHot) groups.push(hotGroup);
    const taken: number[][] = [];
    let [hotReads, refused] = [0, 0];
    // The first round warms up.
    for (let round = 0; round <= ROUNDS; round += 1) {
      const ask: LoadAsk = { url, tokens: [ground.token], groups, seed: round };
      const [calm, busy] = await client.ask<GroupAnswer[]>('load', { ...ask }, ASK_MS);
      if (round > 0) taken.push([...(calm?.readMs ?? [])]);
      if (round === 0) continue;
      hotReads += busy?.readMs.length ?? 0;
      refused += (calm?.refused ?? 0) + (busy?.refused ?? 0);
    }
    const of = (part: number) =>
      rounded(
        quantile(
          taken.map((one) => quantile(one, part)),
          0.5,
        ),
        1,
      );
    const what = isHot ? `beside the hot one, ${variant.name}` : 'alone';
    return { what, reads: READS * ROUNDS, hotReads, refused, p50Ms: of(0.5), p99Ms: of(0.99) };
  });
}

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  await using ground = await openGround(dataDir, process.env.BENCH_STORE ?? 'sqlite', OTHERS + 1, MESSAGES);
  const figures = [
    await measure(ground, OURS, false),
    await measure(ground, OURS, true),
    await measure(ground, NO_TURNS, true),
  ];
  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine, store: ground.store, figures }, null, 2));
  else {
    console.log(`${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}, ${ground.store}`);
    console.log('reads of other channels | p50 | p99 | reads of them | reads of the hot one | refused');
    for (const { what, p50Ms, p99Ms, reads, hotReads, refused } of figures) {
      console.log(`${what} | ${p50Ms} ms | ${p99Ms} ms | ${reads} | ${hotReads} | ${refused}`);
    }
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
