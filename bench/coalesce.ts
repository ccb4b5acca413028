/**
 * `bun bench/coalesce.ts`: how many queries readers cost whose channels are as popular as Zipf says, with nothing shared, with the coalescer, and with coalescer
 * and cache, one after the other in one run. JSON with `--json`. `BENCH_STORE`: other stores, with a comma between two; `cql` with
 * a Cassandra of its own unless `BENCH_STORE_FLAGS` says where one is.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { numbersOf, sumOf } from '../tests/support/read-numbers.ts';
import { Town } from '../tests/support/town.ts';
import { machine, quantile, rounded } from './crowd.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { GroupAnswer, LoadAsk } from './read-client.ts';
import { type ChannelGround, openGround, storesAsked, type Variant, withServer } from './read-ground.ts';

const CHANNELS = Number(process.env.BENCH_CHANNELS ?? 1000);
const MESSAGES = 20;
const READERS = 200;
const READS = Number(process.env.BENCH_READS ?? 20_000);
const WARM_UP = 2000;
const ONE_WRITE_IN = 50;
const ASK_MS = 300_000;

const VARIANTS: readonly Variant[] = [
  { name: 'nothing shared', worker: 'alone', flags: ['--read-cache-mb', '0'] },
  { name: 'coalescer', worker: 'ours', flags: ['--read-cache-mb', '0'] },
  { name: 'coalescer and cache', worker: 'ours', flags: [] },
];

async function measure(ground: ChannelGround, variant: Variant) {
  return withServer(ground, variant, async (server, client) => {
    const town = Town.of(server);
    const group = { name: 'all', channels: ground.channels, exponent: 1, readers: READERS, oneWriteIn: ONE_WRITE_IN };
    const ask = (reads: number, seed: number): Promise<GroupAnswer[]> => {
      const asked: LoadAsk = {
        url: `${town.url}/api/v10`,
        tokens: [ground.token],
        groups: [{ ...group, reads }],
        seed,
      };
      return client.ask<GroupAnswer[]>('load', { ...asked }, ASK_MS);
    };
    await ask(WARM_UP, 1);
    const queriesNow = async () => sumOf(await numbersOf(town), 'guildhall_query_seconds_count{query="page"}');
    const [queries, cpu] = [await queriesNow(), cpuMsOf(server.pid)];
    const [answer] = await ask(READS, 2);
    const readMs = answer?.readMs ?? [];
    const asked = (await queriesNow()) - queries;
    // Else the rows would say that all of it was saved.
    if (asked === 0) throw new Error('no query of a page was counted: its name in /metrics is another one');
    return {
      variant: variant.name,
      reads: readMs.length,
      writes: answer?.writes ?? 0,
      refused: answer?.refused ?? 0,
      queries: asked,
      p50Ms: rounded(quantile(readMs, 0.5), 1),
      p99Ms: rounded(quantile(readMs, 0.99), 1),
      cpuMsPerRequest: rounded((cpuMsOf(server.pid) - cpu) / READS, 3),
    };
  });
}

const load = rounded(loadavg()[0] ?? Number.NaN, 1);
const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
try {
  const figures = [];
  for (const store of storesAsked()) {
    await using ground = await openGround(join(dataDir, store), store, CHANNELS, MESSAGES);
    for (const variant of VARIANTS) figures.push({ store, ...(await measure(ground, variant)) });
  }
  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ machine, load, channels: CHANNELS, readers: READERS, figures }, null, 2));
  else {
    console.log(
      `${machine.cores} cores (${machine.cpu}), load ${load} at the start, Bun ${machine.bun}, ${CHANNELS} channels`,
    );
    console.log(
      'store | what | reads | writes | refused | queries | reads per query | p50 | p99 | server CPU per request',
    );
    for (const { store, variant, reads, writes, refused, queries, p50Ms, p99Ms, cpuMsPerRequest } of figures) {
      const perQuery = rounded(reads / Math.max(1, queries), 1);
      const counts = `${reads} | ${writes} | ${refused} | ${queries} | ${perQuery}`;
      console.log(`${store} | ${variant} | ${counts} | ${p50Ms} ms | ${p99Ms} ms | ${cpuMsPerRequest} ms`);
    }
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
