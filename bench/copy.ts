/**
 * `bun bench/copy.ts`: how many rows a second a copy of one embedded store into another one brings over and compares, beside what reading the source
 * alone does on the same machine. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyStore, type Progress } from '../src/copy.ts';
import type { Write } from '../src/protocol/writes.ts';
import { connectStore } from '../src/store/sqlite/client.ts';
import { openSqlite } from '../src/store/sqlite/threads.ts';
import { openSqliteSource } from '../src/store/sqlite/transfer.ts';
import { messageRecord, mint, userRecord } from '../tests/conformance/store-records.ts';
import { machine, median, rounded } from './crowd.ts';

const MESSAGES = 100_000;
const USERS = 10_000;
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

async function copyOnce(round: number): Promise<{ copying: number; comparing: number }> {
  const rates = { copying: 0, comparing: 0 };
  const saw = ({ what, rate }: Progress): void => {
    rates[what] = rate;
  };
  const to = join(dir, `to-${round}`);
  const request = { from: `sqlite:${join(dir, 'from')}`, to: `sqlite:${to}`, checkpoint: join(dir, 'checkpoint') };
  await copyStore(request, saw);
  await rm(to, { recursive: true });
  return rates;
}

try {
  await fill();
  const rounds: { reading: number; copying: number; comparing: number }[] = [];
  for (let round = 0; round < ROUNDS; round += 1)
    rounds.push({ reading: await readAlone(), ...(await copyOnce(round)) });
  const of = (name: 'reading' | 'copying' | 'comparing') => rounded(median(rounds.map((each) => each[name])), 0);
  const result = {
    ...{ rows: MESSAGES + USERS, machine },
    rowsPerSecond: { reading: of('reading'), copying: of('copying'), comparing: of('comparing') },
  };
  if (process.argv.includes('--json')) console.log(JSON.stringify(result));
  else {
    const { reading, copying, comparing } = result.rowsPerSecond;
    console.log(
      `${result.rows} rows of an embedded store (${machine.cpu}, ${machine.cores} cores), medians of ${ROUNDS} rounds, rows a second:`,
    );
    console.log(`reading alone ${reading}, copying ${copying}, comparing both sides ${comparing}`);
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
