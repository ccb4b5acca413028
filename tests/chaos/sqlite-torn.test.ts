/** The end of the write-ahead log is torn after kill -9: what was acknowledged before it is there, no half batch, and writing goes on. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { Store } from '../../src/store/ports.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { readWal, type WalFile } from '../support/wal-file.ts';

const LOAD = new URL('../support/store-load.ts', import.meta.url).pathname;
const CHANNEL = '1200000000000000000';
const AUTHOR = '77';
const ACKNOWLEDGED = 400;
const LOG = 'guildhall.db-wal';

let dead: StoreFolder;
let wal: WalFile;
/** What the process had acknowledged when it was killed, in order. */
const acknowledged: Snowflake[] = [];
/** What is there when the log is whole, and when it ends before its last transaction. */
let whole: Snowflake[];
let shorter: Snowflake[];

beforeAll(async () => {
  dead = new StoreFolder();
  const child = Bun.spawn([process.execPath, LOAD, dead.dir, CHANNEL], { stdout: 'pipe', stderr: 'inherit' });
  let rest = '';
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    acknowledged.push(...lines.flatMap((line) => (line.startsWith('stored ') ? [line.slice('stored '.length)] : [])));
    if (acknowledged.length >= ACKNOWLEDGED) child.kill('SIGKILL');
  }
  await child.exited;
  wal = readWal(join(dead.dir, LOG));
  whole = await withStore(wal.bytes, idsIn);
  shorter = await withStore(wal.bytes.subarray(0, wal.before), idsIn);
}, 30_000);

afterAll(() => dead[Symbol.dispose]());

/** The dead store with this log instead of its own, opened as a server opens it. */
async function withStore<T>(log: Uint8Array, use: (store: Store, dir: string) => Promise<T>): Promise<T> {
  using folder = new StoreFolder();
  cpSync(dead.dir, folder.dir, { recursive: true });
  // It died with the process.
  rmSync(join(folder.dir, 'guildhall.db-shm'), { force: true });
  writeFileSync(join(folder.dir, LOG), log);
  return await opened(folder.dir, (store) => use(store, folder.dir));
}

async function opened<T>(dir: string, use: (store: Store) => Promise<T>): Promise<T> {
  const threads = await openSqlite({ dir, readers: 1 });
  const store = connectStore(threads.connect());
  try {
    return await use(store);
  } finally {
    await store.close();
    await threads.close();
  }
}

async function idsIn(store: Store): Promise<Snowflake[]> {
  const ids: Snowflake[] = [];
  for (let before: Snowflake | null = null; ; ) {
    const page = await store.page({ channelId: CHANNEL, before, after: null, around: null, limit: 100 });
    ids.push(...page.map(({ message }) => message.id));
    before = ids.at(-1) ?? null;
    if (page.length < 100 || before === null) return ids.reverse();
  }
}

/** Each batch of the load is a message and its nonce: both are there, or neither. */
async function halves(store: Store, ids: ReadonlySet<Snowflake>): Promise<Snowflake[]> {
  const found: Snowflake[] = [];
  for (const id of new Set([...whole, ...acknowledged])) {
    const nonce = await store.nonce(CHANNEL, AUTHOR, id, Date.now());
    if ((nonce !== null) !== ids.has(id)) found.push(id);
  }
  return found;
}

/** Writes, and finds it again after the next opening, with all that was there. */
async function goesOn(store: Store, dir: string, ids: readonly Snowflake[]): Promise<void> {
  const owner = guildKey('1');
  const epoch = await store.fence(owner);
  const id = mint();
  await store.commit({ owner, epoch, writes: [{ w: 'putMessage', message: messageRecord(CHANNEL, id) }] });
  await store.close();
  using copy = new StoreFolder();
  // As another kill would leave it.
  cpSync(dir, copy.dir, { recursive: true });
  rmSync(join(copy.dir, 'guildhall.db-shm'), { force: true });
  expect(await opened(copy.dir, idsIn)).toEqual([...ids, id].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1)));
}

async function survives(log: Uint8Array, wanted: readonly Snowflake[]): Promise<void> {
  await withStore(log, async (store, dir) => {
    expect(await idsIn(store)).toEqual([...wanted]);
    expect(await halves(store, new Set(wanted))).toEqual([]);
    await goesOn(store, dir, wanted);
  });
}

const first = (): WalFile['last'][number] => wal.last[0] as WalFile['last'][number];
const end = (): WalFile['last'][number] => wal.last.at(-1) as WalFile['last'][number];

/** The log up to the end of its last transaction, with one byte turned over. */
function flipped(at: number): Uint8Array {
  const bytes = Buffer.from(wal.bytes.subarray(0, end().to));
  bytes[at] = (bytes[at] ?? 0) ^ 0xff;
  return bytes;
}

test('the log that is torn here holds what it should', () => {
  const present = new Set(whole);
  expect(acknowledged.filter((id) => !present.has(id))).toEqual([]);
  expect(whole.slice(0, shorter.length)).toEqual(shorter);
  // The last transaction has something to lose, and only the last is lost below.
  expect(whole.length).toBeGreaterThan(shorter.length);
  expect(shorter.length).toBeGreaterThan(ACKNOWLEDGED / 2);
});

describe('the last transaction is torn: all before it is there, whole', () => {
  test.each([
    ['cut in the middle of its last page', () => wal.bytes.subarray(0, (end().page + end().to) >> 1)],
    ['cut in the head of its last frame', () => wal.bytes.subarray(0, end().from + 10)],
    ['cut one byte short', () => wal.bytes.subarray(0, end().to - 1)],
    ['cut in its first frame', () => wal.bytes.subarray(0, first().page + 100)],
    ['a byte of its last page turned over', () => flipped(end().page + 1000)],
    ['a byte of its first page turned over', () => flipped(first().to - 8)],
    ['a byte of the last checksum turned over', () => flipped(end().from + 20)],
    ['a salt of its last frame turned over', () => flipped(end().from + 8)],
    ['its last page full of zeros', () => Buffer.from(wal.bytes.subarray(0, end().to)).fill(0, end().page)],
    ['its last frame full of zeros', () => Buffer.from(wal.bytes.subarray(0, end().to)).fill(0, end().from)],
  ] as const)('%s', (_, tear) => survives(tear(), shorter));
});

describe('something else follows the last transaction: all of it is there', () => {
  const followedBy = (more: Uint8Array): Uint8Array => Buffer.concat([wal.bytes.subarray(0, end().to), more]);
  test.each([
    ['nothing', () => followedBy(new Uint8Array())],
    ['a few strange bytes', () => followedBy(Buffer.from('strange'))],
    ['pages of strange bytes', () => followedBy(Buffer.alloc(20_000, 'strange'))],
    ['zeros', () => followedBy(new Uint8Array(20_000))],
    ['a frame of its own again', () => followedBy(wal.bytes.subarray(end().from, end().to))],
    ['half a frame of its own', () => followedBy(wal.bytes.subarray(first().from, first().page + 500))],
  ] as const)('%s', (_, log) => survives(log(), whole));
});
