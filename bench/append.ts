/**
 * `npx bun bench/append.ts`: how long a message takes to be stored while 2,000 a second come, in the embedded store and in a Cassandra on this machine, one
 * after the other in each round of one run, beside what this disk needs to sync a page. JSON with `--json`. `BENCH_SECONDS`: of a round.
 *
 * As actors do it: a message of 200 bytes comes to one of 100 guilds at a time that is fixed beforehand; a guild has one commit under way, and what comes
 * meanwhile is its next batch. The time runs from when the message was due until its commit is acknowledged.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Write } from '../src/protocol/writes.ts';
import { connectStore as connectCql } from '../src/store/cql/client.ts';
import { openCql } from '../src/store/cql/threads.ts';
import type { Store } from '../src/store/ports.ts';
import { connectStore } from '../src/store/sqlite/client.ts';
import { openSqlite } from '../src/store/sqlite/threads.ts';
import type { StoreThreads } from '../src/store/thread/threads.ts';
import { messageRecord, mint } from '../tests/conformance/store-records.ts';
import { cassandraGround } from './cassandra-ground.ts';
import { machine, median, quantile, rounded } from './crowd.ts';

const RATE = 2000;
const SECONDS = Number(process.env.BENCH_SECONDS ?? 5);
const ROUNDS = 5;
const GUILDS = 100;
const CONTENT = 'x'.repeat(200);
const SYNCS = 200;
const PAGE = Buffer.alloc(4096, 1);

interface Subject {
  readonly name: string;
  readonly threads: StoreThreads;
  readonly store: Store;
}

interface Guild {
  readonly owner: `g:${string}`;
  readonly channel: string;
  readonly epoch: number;
  /** When each message that waits was due. */
  waiting: number[];
  isCommitting: boolean;
}

async function openGuilds(store: Store): Promise<Guild[]> {
  return Promise.all(
    Array.from({ length: GUILDS }, async () => {
      const owner = `g:${mint()}` as const;
      const epoch = await store.fence(owner);
      return { owner, channel: mint(), epoch, waiting: [], isCommitting: false };
    }),
  );
}

let rows = 0;

/** What a guild writes for one message: it, the channel's last message, the row, and the answer to who asks again. */
function writesOf({ channel, epoch }: Guild): Write[] {
  const id = mint();
  const at = Date.now();
  rows += 1;
  const message = messageRecord(channel, id, CONTENT);
  const note = JSON.stringify({ as: 'message', channelId: channel, id });
  return [
    { w: 'putMessage', message },
    { w: 'putLastMessage', channelId: channel, messageId: id },
    { w: 'putRow', row: { seq: epoch * 2 ** 20 + rows, note, at } },
    { w: 'putResult', commandId: id, result: JSON.stringify(message.wire), at },
  ];
}

interface Round {
  /** Milliseconds of each message. */
  readonly took: readonly number[];
  /** Milliseconds that the sender itself came late, which are part of the above: he has not always a core. */
  readonly late: readonly number[];
  readonly batches: number;
  readonly seconds: number;
}

/** Messages come whether the store keeps up or not. */
async function append(store: Store, guilds: readonly Guild[], seconds: number): Promise<Round> {
  const took: number[] = [];
  const late: number[] = [];
  let batches = 0;
  const count = RATE * seconds;
  const done = Promise.withResolvers<void>();
  const commit = (guild: Guild): void => {
    const due = guild.waiting;
    if (due.length === 0 || guild.isCommitting) return;
    guild.waiting = [];
    guild.isCommitting = true;
    batches += 1;
    const writes = due.flatMap(() => writesOf(guild));
    store.commit({ owner: guild.owner, epoch: guild.epoch, writes }).then(() => {
      const now = performance.now();
      for (const at of due) took.push(now - at);
      guild.isCommitting = false;
      if (took.length === count) done.resolve();
      else commit(guild);
    }, done.reject);
  };
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    for (; sent < count && began + (sent * 1000) / RATE <= now; sent += 1) {
      const guild = guilds[sent % GUILDS];
      if (guild === undefined) continue;
      const due = began + (sent * 1000) / RATE;
      late.push(now - due);
      guild.waiting.push(due);
      commit(guild);
    }
    if (sent === count) clearInterval(timer);
  }, 1);
  try {
    await done.promise;
  } finally {
    clearInterval(timer);
  }
  return { took, late, batches, seconds: (performance.now() - began) / 1000 };
}

/** Milliseconds of a page that is written and synced by nobody's database. */
function syncAlone(dir: string): number[] {
  const file = openSync(join(dir, 'sync'), 'w');
  const took = Array.from({ length: SYNCS }, () => {
    const began = performance.now();
    writeSync(file, PAGE);
    fdatasyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  return took;
}

const load = rounded(loadavg()[0] ?? Number.NaN, 1);
const dir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
await using ground = await cassandraGround();
const subjects: Subject[] = [];
const add = (name: string, threads: StoreThreads, connect: typeof connectStore): void => {
  subjects.push({ name, threads, store: connect(threads.connect()) });
};
try {
  add('embedded', await openSqlite({ dir: join(dir, 'store'), readers: 1 }), connectStore);
  if (ground !== null) add('cassandra', await openCql(ground.options), connectCql);
  const runs = new Map<string, Round[]>(subjects.map(({ name }) => [name, []]));
  const syncs: number[][] = [];
  // The first round warms up.
  for (let round = 0; round <= ROUNDS; round += 1) {
    const sync = syncAlone(dir);
    if (round > 0) syncs.push(sync);
    for (const { name, store } of subjects) {
      const guilds = await openGuilds(store);
      const result = await append(store, guilds, SECONDS);
      for (const { owner, epoch } of guilds) store.release(owner, epoch);
      if (round > 0) runs.get(name)?.push(result);
    }
  }
  const figure = (each: readonly (readonly number[])[], part: number): number =>
    rounded(median(each.map((took) => quantile(took, part))), 1);
  const figures = [...runs].map(([store, rounds]) => ({
    store,
    p50Ms: figure(
      rounds.map(({ took }) => took),
      0.5,
    ),
    p99Ms: figure(
      rounds.map(({ took }) => took),
      0.99,
    ),
    lateP99Ms: figure(
      rounds.map(({ late }) => late),
      0.99,
    ),
    p99OfRounds: rounds.map(({ took }) => rounded(quantile(took, 0.99), 1)),
    messagesPerBatch: rounded(median(rounds.map(({ took, batches }) => took.length / batches)), 1),
    messagesPerSecond: Math.round(median(rounds.map(({ took, seconds }) => took.length / seconds))),
  }));
  const sync = { p50Ms: figure(syncs, 0.5), p99Ms: figure(syncs, 0.99) };
  if (process.argv.includes('--json'))
    console.log(JSON.stringify({ machine, load, rate: RATE, sync, figures }, null, 2));
  else {
    console.log(`${machine.cores} cores (${machine.cpu}), load ${load} at the start, ${RATE} messages a second`);
    console.log('store | p50 | p99 | the sender late, p99 | p99 of the rounds | messages a batch | messages a second');
    console.log(`a page synced alone | ${sync.p50Ms} ms | ${sync.p99Ms} ms | | | |`);
    for (const it of figures) {
      const rest = `${it.p99OfRounds.join(' ')} | ${it.messagesPerBatch} | ${it.messagesPerSecond}`;
      console.log(`${it.store} | ${it.p50Ms} ms | ${it.p99Ms} ms | ${it.lateP99Ms} ms | ${rest}`);
    }
  }
} finally {
  for (const { store, threads } of subjects) {
    await store.close();
    await threads.close();
  }
  await rm(dir, { recursive: true, force: true });
}
