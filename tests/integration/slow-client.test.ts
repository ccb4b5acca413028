/** Clients that do not read, or read slowly: what is theirs arrives whole, nobody else waits for them, and memory has an end. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { FAT_CHANNELS, flood as floodWith, openFatTown } from '../support/fat-guild.ts';
import { BOT_INTENTS, RawGateway } from '../support/raw-gateway.ts';
import { SlowSocket } from '../support/slow-socket.ts';
import { BOT, PERSON, TinyTown } from '../support/tiny-town.ts';
import type { Bot, Person, Place, Town } from '../support/town.ts';

const MB = 1 << 20;
const GUILDS = 3;

let town: Town;
let owner: Person;
let friend: Person;
let bot: Bot;
let guilds: readonly Place[];

beforeAll(async () => {
  ({ town, owner, friend, bot, guilds } = await openFatTown(GUILDS));
}, 60_000);

afterAll(() => town[Symbol.asyncDispose]());

const flood = (place: Place, megabytes: number): Promise<string[]> => floodWith(town, owner, place, megabytes);

const first = (): Place => guilds[0] as Place;
const kinds = ['person', 'bot'] as const;
const idOf = (kind: (typeof kinds)[number]): object =>
  kind === 'bot' ? { token: bot.token, intents: BOT_INTENTS } : { token: friend.token };
const whoIs = (kind: (typeof kinds)[number]): Person | Bot => (kind === 'bot' ? bot : friend);

const enter = async (kind: (typeof kinds)[number], slot: number): Promise<SlowSocket> => {
  const socket = await SlowSocket.open(town.worker(slot));
  socket.send(2, { properties: {}, ...idOf(kind) });
  return socket;
};

const messagesOf = (frames: readonly { t: string | null; d: unknown }[]): string[] =>
  frames.flatMap(({ t, d }) => (t === 'MESSAGE_CREATE' ? [(d as APIMessage).id] : []));

const until = (socket: SlowSocket, id: string) =>
  socket.frames.until(`message ${id}`, ({ t, d }) => t === 'MESSAGE_CREATE' && (d as APIMessage).id === id, {
    ms: 30_000,
  });

async function guildsOf(socket: SlowSocket, kind: (typeof kinds)[number]): Promise<Record<string, unknown>[]> {
  const ready = await socket.ready();
  if (kind === 'person') return [...ready.guilds];
  const count = (): number => socket.dispatches.filter(({ t }) => t === 'GUILD_CREATE').length;
  await socket.frames.until('all guilds', () => count() === GUILDS, { ms: 30_000 });
  return socket.dispatches.flatMap(({ t, d }) => (t === 'GUILD_CREATE' ? [d as Record<string, unknown>] : []));
}

describe.each(kinds)('a %s', (kind) => {
  test('that reads slowly gets its snapshot of many megabytes whole, then what was said meanwhile', async () => {
    await using socket = await enter(kind, 0);
    socket.pace = 'paused';
    await using other = await town.visit(owner, town.worker(0));
    const said: string[] = [];
    for (let n = 0; n < 5; n += 1) said.push((await town.say(owner, first().channel, `${n}`)).id);
    await other.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    socket.send(1, null);
    socket.pace = 'slow';
    const whole = await guildsOf(socket, kind);
    const counts = whole.map(({ channels }) => (channels as object[]).length);
    expect(counts.every((count) => count >= FAT_CHANNELS)).toBe(true);
    expect(socket.taken).toBeGreaterThan(10 * MB);
    await socket.frames.until('the heartbeat is answered', ({ op }) => op === 11);
    const last = await town.say(owner, first().channel, 'the end');
    await until(socket, last.id);
    const got = messagesOf(socket.dispatches);
    // Those before the snapshot are in it.
    expect(got).toEqual([...said, last.id].slice(-got.length));
    expect(got.length).toBeGreaterThan(0);
  });

  test.each([0, 1])('that resumes at %d gets a long replay whole through a slow socket', async (slot) => {
    const socket = await enter(kind, 0);
    await guildsOf(socket, kind);
    const { session_id } = await socket.ready();
    const seq = socket.dispatches.at(-1)?.s;
    await socket[Symbol.asyncDispose]();
    const said = await flood(first(), 16);
    await using again = await SlowSocket.open(town.worker(slot));
    again.pace = 'slow';
    again.send(6, { token: whoIs(kind).token, session_id, seq });
    again.send(1, seq);
    const resumed = await again.frames.until('RESUMED', ({ t }) => t === 'RESUMED', { ms: 30_000 });
    // What was still under way to this worker when it resumed follows RESUMED, live.
    const replayed = messagesOf(again.frames.items.slice(0, again.frames.items.indexOf(resumed)));
    expect(replayed).toEqual(said.slice(0, replayed.length));
    expect(replayed.length).toBeGreaterThan(said.length / 2);
    await again.frames.until('the heartbeat is answered', ({ op }) => op === 11);
    const last = await town.say(owner, first().channel, 'the end');
    await until(again, last.id);
    expect(messagesOf(again.dispatches)).toEqual([...said, last.id]);
  });

  test('that stops reading loses nothing: it goes on, or is cut and resumes', async () => {
    await using socket = await enter(kind, 0);
    await guildsOf(socket, kind);
    const { session_id } = await socket.ready();
    await using other = await town.visit(owner, town.worker(0));
    const before = await town.say(owner, first().channel, 'before');
    await until(socket, before.id);
    socket.pace = 'paused';
    const said = await flood(first(), 20);
    await other.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    socket.pace = 'free';
    const last = await town.say(owner, first().channel, 'the end');
    const whole = [before.id, ...said, last.id];
    const isWhole = await until(socket, last.id).then(
      () => true,
      () => false,
    );
    const got = messagesOf(socket.dispatches);
    if (isWhole) return expect(got).toEqual(whole);
    await socket.closed;
    expect(got).toEqual(whole.slice(0, got.length));
    await using again = await SlowSocket.open(town.worker(0));
    again.send(6, { token: whoIs(kind).token, session_id, seq: socket.dispatches.at(-1)?.s });
    await again.frames.until('RESUMED', ({ t }) => t === 'RESUMED', { ms: 30_000 });
    expect([...got, ...messagesOf(again.dispatches)]).toEqual(whole);
  });
});

describe.each(['person', 'bot'])('a flood beyond what the log keeps, before a %s that does not read', (kind) => {
  test('ends with op 9 for him alone, and the log stays small', async () => {
    const limits = { logOwnerBytes: MB, logBytes: 2 * MB };
    await using tiny = new TinyTown({ limits });
    await tiny.do({ kind: 'tinyJoin', user: BOT });
    await tiny.do({ kind: 'tinyJoin', user: PERSON });
    const token = kind === 'bot' ? `bot.${BOT}` : `person.${PERSON}`;
    await using socket = await SlowSocket.open(tiny.url());
    socket.send(2, { token, properties: {}, ...(kind === 'bot' ? { intents: BOT_INTENTS } : {}) });
    const { session_id } = await socket.ready();
    await using other = await RawGateway.login(tiny.url(), { token: `person.${PERSON}` });
    socket.pace = 'paused';
    const body = 'x'.repeat(100_000);
    for (let n = 0; n < 300; n += 1) {
      await tiny.emit('MESSAGE_CREATE', { d: { id: `${n}`, body } });
      await other.dispatch('MESSAGE_CREATE', { id: `${n}` });
    }
    const { logBytes } = tiny.workers[0]?.gateway.measure() ?? { logBytes: Number.NaN };
    expect(logBytes).toBeLessThanOrEqual(limits.logBytes);
    await using again = await RawGateway.open(tiny.url());
    again.send(6, { token, session_id, seq: 1 });
    expect((await again.op(9)).d).toBe(false);
    expect(other.all('MESSAGE_CREATE').length).toBe(300);
  });
});
