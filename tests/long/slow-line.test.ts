/**
 * A line of 8 Mbit/s: 20 MB of READY or of a replay arrive whole and in order, and every heartbeat is answered. All of it is less than the line brings in
 * HELLO's interval (41 MB), so what is answered at all is answered before the next is due.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { eventually } from '../support/eventually.ts';
import { FAT_CHANNELS, flood, openFatTown } from '../support/fat-guild.ts';
import { BOT_INTENTS } from '../support/raw-gateway.ts';
import { SlowSocket } from '../support/slow-socket.ts';
import type { Bot, Person, Place, Town } from '../support/town.ts';

const MB = 1_000_000;
const GUILDS = 5;
const ALL_MS = 60_000;
const BEAT_EVERY = MB;
const KINDS = ['person', 'bot'] as const;
type Kind = (typeof KINDS)[number];

let town: Town;
let owner: Person;
let friend: Person;
let bot: Bot;
let guilds: readonly Place[];

beforeAll(async () => {
  ({ town, owner, friend, bot, guilds } = await openFatTown(GUILDS));
}, 60_000);

afterAll(() => town[Symbol.asyncDispose]());

/** A client that sends its next heartbeat when the last is answered and it has read a megabyte more. */
class Beating {
  sent = 0;
  answered = 0;

  constructor(readonly socket: SlowSocket) {
    socket.pace = 'line';
    this.#beat();
    void this.#listen();
  }

  #beat(): void {
    this.sent += 1;
    this.socket.send(1, null);
  }

  async #listen(): Promise<void> {
    const { socket } = this;
    for (let from = 0; socket.isOpen; ) {
      const found = await socket.frames.until('op 11', ({ op }) => op === 11, { from, ms: ALL_MS }).catch(() => null);
      if (found === null) return;
      from = socket.frames.items.indexOf(found) + 1;
      this.answered += 1;
      const next = socket.taken + BEAT_EVERY;
      await socket.frames
        .until('more', () => socket.taken >= next, { from: socket.frames.mark, ms: ALL_MS })
        .catch(() => null);
      if (socket.isOpen) this.#beat();
    }
  }
}

/** How much lies before an answer is the kernel's affair: on loopback it may take all there is at once. */
async function allAnswered(client: Beating): Promise<void> {
  await eventually('every heartbeat is answered', () => client.answered === client.sent, ALL_MS);
  expect(client.answered).toBeGreaterThan(0);
}

const idOf = (kind: Kind): object =>
  kind === 'bot' ? { token: bot.token, intents: BOT_INTENTS } : { token: friend.token };

/** READY or all GUILD_CREATE: every guild with all its channels. */
async function reads(kind: Kind): Promise<void> {
  await using socket = await SlowSocket.open(town.worker(0));
  socket.send(2, { properties: {}, ...idOf(kind) });
  const client = new Beating(socket);
  const wholes = (): Record<string, unknown>[] =>
    socket.dispatches.flatMap(({ t, d }) => {
      if (t === 'GUILD_CREATE') return [d as Record<string, unknown>];
      return t === 'READY' ? (d as { guilds: Record<string, unknown>[] }).guilds.filter((it) => 'channels' in it) : [];
    });
  await socket.frames.until('all guilds', () => wholes().length === GUILDS, { ms: ALL_MS });
  expect(
    wholes()
      .map(({ id }) => id)
      .sort(),
  ).toEqual(guilds.map(({ id }) => id).sort());
  expect(wholes().every(({ channels }) => (channels as object[]).length >= FAT_CHANNELS)).toBe(true);
  expect(socket.taken).toBeGreaterThan(20 * MB);
  await allAnswered(client);
}

/** A session that has been cut, and what it needs to come back. */
async function leave(kind: Kind): Promise<{ session_id: string; seq: number | null | undefined }> {
  await using socket = await SlowSocket.open(town.worker(0));
  socket.send(2, { properties: {}, ...idOf(kind) });
  const { session_id } = await socket.ready();
  const count = (): number => socket.dispatches.filter(({ t }) => t === 'GUILD_CREATE').length;
  if (kind === 'bot') await socket.frames.until('all guilds', () => count() === GUILDS, { ms: ALL_MS });
  return { session_id, seq: socket.dispatches.at(-1)?.s };
}

async function replays(
  kind: Kind,
  slot: number,
  left: Awaited<ReturnType<typeof leave>>,
  said: readonly string[],
): Promise<void> {
  await using socket = await SlowSocket.open(town.worker(slot));
  const { token } = kind === 'bot' ? bot : friend;
  socket.send(6, { token, ...left });
  const client = new Beating(socket);
  await socket.frames.until('RESUMED', ({ t }) => t === 'RESUMED', { ms: ALL_MS });
  const got = socket.dispatches.flatMap(({ t, d }) => (t === 'MESSAGE_CREATE' ? [(d as APIMessage).id] : []));
  expect(got).toEqual([...said]);
  expect(socket.taken).toBeGreaterThan(20 * MB);
  await allAnswered(client);
}

test(
  '20 MB of READY and 20 MB of replay, to people and bots, at the worker of the session and at the other',
  async () => {
    const left = { person: await leave('person'), bot: await leave('bot') };
    const moved = { person: await leave('person'), bot: await leave('bot') };
    // Text that takes twice its wire bytes in memory: the most that the log must hold of 20 MB.
    const said = await flood(town, owner, guilds[0] as Place, 20, 'x');
    await Promise.all(
      KINDS.flatMap((kind) => [reads(kind), replays(kind, 0, left[kind], said), replays(kind, 1, moved[kind], said)]),
    );
  },
  ALL_MS * 2,
);
