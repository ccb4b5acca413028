/**
 * `npx bun bench/copy.ts`: how many rows a second a copy of an embedded store brings over and compares, into another one and into a Cassandra on this
 * machine, beside what reading the source alone does. JSON with `--json`. `BENCH_MESSAGES`: how many messages are copied.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyStore, type Progress } from '../src/copy.ts';
import type { Write } from '../src/protocol/writes.ts';
import { isSame } from '../src/store/comparing.ts';
import type { ClusterOptions } from '../src/store/cql/cluster.ts';
import { connectStore } from '../src/store/sqlite/client.ts';
import { openSqlite } from '../src/store/sqlite/threads.ts';
import { openSqliteSource } from '../src/store/sqlite/transfer.ts';
import { messageRecord, mint, userRecord } from '../tests/conformance/store-records.ts';
import { cassandraGround } from './cassandra-ground.ts';
import { machine, median, rounded } from './crowd.ts';

const MESSAGES = Number(process.env.BENCH_MESSAGES ?? 100_000);
const USERS = MESSAGES / 10;
const BATCH = 1000;
const ROUNDS = 3;
const CONTENT = 'x'.repeat(200);

const dir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));

async function fill(): Promise<void> {
  const threads = await openSqlite({ dir: join(dir, 'from'), readers: 1 });
  const store = connectStore(threads.connect());
  const epoch = await store.fence('g:1');
  const channels = Array.from({ length: 100 }, () => mint());
  const commit = (writes: readonly Write[]) => store.commit({ owner: 'g:1', epoch, writes });
  for (let from = 0; from < MESSAGES; from += BATCH) {
    const ids = Array.from({ length: BATCH }, () => mint());
    await commit(
      ids.map((id, n) => ({ w: 'putMessage', message: messageRecord(channels[n % 100] ?? '1', id, CONTENT) })),
    );
  }
  for (let from = 0; from < USERS; from += BATCH) {
    await commit(Array.from({ length: BATCH }, () => ({ w: 'putUser', user: userRecord(mint()) })));
  }
  await store.close();
  await threads.close();
}

/** Rows a second of reading the source and nothing else. */
async function readAlone(): Promise<number> {
  const source = openSqliteSource(join(dir, 'from'));
  const began = performance.now();
  let rows = 0;
  for (const table of ['messages', 'users'] as const) {
    for (let after: string | null = null; ; ) {
      const found: Awaited<ReturnType<typeof source.scan>> = await source.scan(table, after, BATCH);
      rows += found.length;
      after = found.at(-1)?.key ?? null;
      if (after === null) break;
    }
  }
  const seconds = (performance.now() - began) / 1000;
  await source.close();
  return rows / seconds;
}

interface Rates {
  copying: number;
  comparing: number;
}

const NO_CLUSTER: ClusterOptions = {
  ...{ contactPoints: [], localDatacenter: '', keyspace: '', replication: 1 },
  ...{ username: null, passwordFile: null, ca: null, speculativeReadsMs: 0 },
};

async function copyOnce(to: string, cluster: ClusterOptions): Promise<Rates> {
  const rates: Rates = { copying: 0, comparing: 0 };
  const saw = ({ what, rate }: Progress): void => {
    rates[what] = rate;
  };
  const request = { from: `sqlite:${join(dir, 'from')}`, to, checkpoint: join(dir, 'checkpoint'), cluster };
  const { compared } = await copyStore(request, saw);
  if (!compared.every(isSame)) throw new Error(`the copy in ${to} differs`);
  return rates;
}

async function embedded(round: number): Promise<Rates> {
  const to = join(dir, `to-${round}`);
  const rates = await copyOnce(`sqlite:${to}`, NO_CLUSTER);
  await rm(to, { recursive: true });
  return rates;
}

/** Null: there is no Java here. */
async function cassandra(): Promise<Rates | null> {
  await using ground = await cassandraGround();
  return ground === null ? null : await copyOnce(`cql:${ground.options.keyspace}`, ground.options);
}

const ratesOf = (rounds: readonly Rates[]): Rates => ({
  copying: rounded(median(rounds.map((each) => each.copying)), 0),
  comparing: rounded(median(rounds.map((each) => each.comparing)), 0),
});

const load = rounded(loadavg()[0] ?? Number.NaN, 1);
try {
  await fill();
  const [reading, here, there]: [number[], Rates[], Rates[]] = [[], [], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    reading.push(await readAlone());
    here.push(await embedded(round));
    const rates = await cassandra();
    if (rates !== null) there.push(rates);
  }
  const rowsPerSecond = {
    ...{ reading: rounded(median(reading), 0), embedded: ratesOf(here) },
    ...(there.length > 0 && { cassandra: ratesOf(there) }),
  };
  const result = { rows: MESSAGES + USERS, machine, load, rowsPerSecond };
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    const on = `${machine.cpu}, ${machine.cores} cores, load ${load} at the start`;
    console.log(`${result.rows} rows of an embedded store (${on}), medians of ${ROUNDS} rounds, rows a second:`);
    console.log(`reading alone ${rowsPerSecond.reading}`);
    for (const kind of ['embedded', 'cassandra'] as const) {
      const rates = rowsPerSecond[kind];
      if (rates !== undefined) console.log(`into ${kind}: copying ${rates.copying}, comparing ${rates.comparing}`);
    }
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
