/** 100 of 500 sessions of one guild stop reading: the others hear everything in order, memory stays bounded, and the stalled lose nothing unsaid. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Inbox } from '../support/inbox.ts';
import { ServerProcess } from '../support/server-process.ts';
import { TallySocket } from '../support/tally-socket.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const SESSIONS = 500;
const STALLED = 100;
const PEOPLE = 25;
/** 18 KB each, 7 MB in all: the kernel keeps some 4 MB for a line that is not read, the rest is the server's. */
const MESSAGES = 400;
const IN_FLIGHT = 6;
const STEP_MS = 60_000;
const MIB = 1 << 20;
/** What the server may grow by: for each stalled socket what a flood brings between two sweeps, for each worker what its log holds of the flood. */
const GROWTH_MAX = STALLED * MIB + 2 * MESSAGES * 18_000 + 100 * MIB;

let dataDir: string;
let server: ServerProcess;
let town: Town;
let owner: Person;
let place: Place;
const people: Person[] = [];
const sockets: TallySocket[] = [];
/** Something was read. */
const news = new Inbox<true>(() => 'news');
const changed = (): void => {
  news.items.length = 0;
  news.push(true);
};

const until = async (what: string, done: () => boolean): Promise<void> => {
  if (!done()) await news.until(what, done, { from: 1, ms: STEP_MS });
};

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'guildhall-stalled-'));
  server = await ServerProcess.start(dataDir, ['--workers', '2', '--rate-limits', 'off']);
  town = Town.of(server);
  owner = await town.person('owner');
  place = await town.guild(owner);
  people.push(owner);
  while (people.length < PEOPLE) people.push(await town.person('member'));
  await town.join(owner, place, ...people.slice(1));
  while (sockets.length < SESSIONS) {
    const batch = Array.from({ length: 50 }, (_, n) => TallySocket.identify(town.port, personOf(n), changed));
    sockets.push(...(await Promise.all(batch)));
    await until('READY', () => sockets.every(({ isReady }) => isReady));
  }
}, 60_000);

afterAll(async () => {
  await Promise.all(sockets.map((socket) => socket[Symbol.asyncDispose]()));
  await server.kill();
  await rm(dataDir, { recursive: true, force: true });
});

const personOf = (n: number): Person => people[n % PEOPLE] as Person;

function residentBytes(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** One after the other, as fast as those who read can follow. */
async function flood(readers: readonly TallySocket[], watch: () => void): Promise<void> {
  const url = `${town.url}/api/v10/channels/${place.channel}/messages`;
  const headers = { authorization: owner.token, 'content-type': 'application/json' };
  for (let n = 0; n < MESSAGES; n += 1) {
    const content = `${n} ${'€'.repeat(1990)}`;
    const body = JSON.stringify({ content, embeds: [{ description: '€'.repeat(4000) }] });
    const response = await fetch(url, { method: 'POST', headers, body });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    await response.arrayBuffer();
    await until('the readers', () => readers.every(({ heard, isClosed }) => isClosed || heard.length > n - IN_FLIGHT));
    if (n % 20 === 0) watch();
  }
}

/** Sessions that are written to as events are published: neither paced nor cut. */
async function liveSessions(): Promise<number> {
  const text = await (await fetch(`${town.url}/metrics`)).text();
  return Number(/^guildhall_sessions_live (\d+)/m.exec(text)?.[1] ?? Number.NaN);
}

/** What a stalled session has in the end: all, over a second socket if the first was cut; null: op 9. */
async function whole(socket: TallySocket, who: Person): Promise<readonly number[] | null> {
  await until('the rest, or the end', () => socket.isClosed || socket.isRefused || socket.heard.length >= MESSAGES);
  if (socket.heard.length >= MESSAGES) return socket.heard;
  if (socket.isRefused) return null;
  await using again = await TallySocket.resume(town.port, who, socket, changed);
  await until('RESUMED or op 9', () => again.isResumed || again.isRefused);
  return again.isRefused ? null : [...socket.heard, ...again.heard];
}

test('others hear all in order, the stalled are paced or cut and come back, memory has an end', async () => {
  const numbers = Array.from({ length: MESSAGES }, (_, n) => n);
  const [stalled, readers] = [sockets.slice(0, STALLED), sockets.slice(STALLED)];
  const [before, live] = [residentBytes(), await liveSessions()];
  let most = before;
  for (const socket of stalled) socket.stall();
  await flood(readers, () => {
    most = Math.max(most, residentBytes());
  });
  await until('the last message', () => readers.every(({ heard, isClosed }) => isClosed || heard.length >= MESSAGES));
  expect(readers.filter(({ isClosed, isRefused }) => isClosed || isRefused)).toEqual([]);
  for (const { heard } of readers) expect(heard).toEqual(numbers);
  // Nobody who stalls has read on.
  expect(stalled.every(({ heard }) => heard.length < MESSAGES)).toBe(true);
  expect(most - before).toBeLessThan(GROWTH_MAX);
  expect(live - (await liveSessions())).toBe(STALLED);
  for (const socket of stalled) socket.wake();
  const ends = await Promise.all(stalled.map((socket, n) => whole(socket, personOf(n))));
  for (const heard of ends) if (heard !== null) expect(heard).toEqual(numbers);
  // The log holds all of it: nobody need begin anew.
  expect(ends.filter((heard) => heard === null)).toEqual([]);
}, 120_000);
