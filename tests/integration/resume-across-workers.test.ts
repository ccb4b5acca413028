/** A session that moves between workers: nothing lost, nothing twice, whatever number the client names. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { seededRandom } from '../../src/base/random.ts';
import { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';
import { Trail } from '../support/trail.ts';

let town: Town;
let owner: Person;
let friend: Person;
let bot: Bot;
let place: Place;

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  friend = await town.person('friend');
  place = await town.guild(owner);
  await town.join(owner, place, friend);
  bot = await town.bot('bot', place.id);
});

afterAll(() => town[Symbol.asyncDispose]());

/** Requests go to both workers in turn. */
async function say(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) {
    const { id } = await town.rest<APIMessage>(
      owner.token,
      'POST',
      `/channels/${place.channel}/messages`,
      { content: `${i}` },
      { base: town.worker(i % 2) },
    );
    ids.push(id);
  }
  return ids;
}

const kinds = ['person', 'bot'] as const;
type Kind = (typeof kinds)[number];

async function enter(kind: Kind, slot: number): Promise<Trail> {
  const client = await (kind === 'bot' ? town.run(bot, town.worker(slot)) : town.visit(friend, town.worker(slot)));
  if (kind === 'bot') await client.dispatch('GUILD_CREATE', { id: place.id });
  return new Trail(client);
}

/** After one more message the trail holds exactly these, in order. */
async function settles(trail: Trail, kind: Kind, ids: string[]): Promise<void> {
  const [last = ''] = await say(1);
  await trail.client.dispatch('MESSAGE_CREATE', { id: last });
  expect(trail.messages).toEqual([...ids, last]);
  expect(trail.problems(kind === 'bot')).toEqual([]);
}

describe.each(kinds)('a %s', (kind) => {
  test('goes to another worker and back, again and again', async () => {
    await using trail = await enter(kind, 0);
    const ids = await say(3);
    for (const slot of [1, 0, 1, 1, 0, 0, 1]) {
      await trail.cut(slot === 0 ? 1000 : undefined);
      ids.push(...(await say(4)));
      await trail.resume(town.worker(slot));
    }
    await settles(trail, kind, ids);
    expect(trail.all('GUILD_DELETE')).toEqual([]);
    expect(trail.all('GUILD_CREATE').length).toBe(kind === 'bot' ? 1 : 0);
  });

  test.each([1, 2, 3, 4, 5, 6])('walks at random and forgets some of what it had (%d)', async (seed) => {
    const { unit } = seededRandom(seed);
    const below = (bound: number): number => Math.floor(unit() * bound);
    await using trail = await enter(kind, below(2));
    const ids: string[] = [];
    for (let step = 0; step < 12; step += 1) {
      const speech = say(below(6));
      if (below(2) === 0) ids.push(...(await speech));
      await trail.cut();
      if (below(3) === 0) ids.push(...(await say(below(4))));
      const back = below(3) === 0 ? below(4) : 0;
      await trail.resume(town.worker(below(2)), back);
      ids.push(...(await speech));
    }
    await settles(trail, kind, [...new Set(ids)].sort());
  });

  test.each([0, 1])('resumes at worker %d while its older socket is open', async (slot) => {
    await using trail = await enter(kind, 0);
    const ids = await say(2);
    const speech = say(6);
    const older = trail.client;
    await trail.resume(town.worker(slot), 1);
    expect((await older.closed).code).toBe(4009);
    await settles(trail, kind, [...ids, ...(await speech)]);
  });

  test('resumes from two sockets at once: one of them has it in the end, whole', async () => {
    await using trail = await enter(kind, 0);
    const ids = await say(3);
    await trail.cut();
    ids.push(...(await say(3)));
    const sockets = await Promise.all([0, 1, 0, 1].map((slot) => trail.ask(town.worker(slot))));
    const losers = new Set<RawGateway>();
    for (const socket of sockets) void socket.closed.then(() => losers.add(socket));
    const winner = await trail.client.closed.then(() => oneLeft(sockets, losers));
    trail.follow(winner, false);
    await winner.dispatch('RESUMED');
    await settles(trail, kind, ids);
    for (const socket of sockets) await socket[Symbol.asyncDispose]();
  });

  test('with a number that it never had gets op 9, and resumes with the right one', async () => {
    await using trail = await enter(kind, 0);
    const ids = await say(2);
    for (const [slot, open] of [
      [0, true],
      [1, true],
      [1, false],
      [0, false],
    ] as const) {
      if (!open && trail.client.open) await trail.cut();
      for (const seq of [trail.seq + 1000, 2 ** 31 - 1, 2 ** 40, -5]) {
        await using liar = await RawGateway.resumeOf(town.worker(slot), trail.client, seq);
        expect((await liar.op(9)).d).toBe(false);
      }
      if (open) ids.push(...(await say(1)));
      if (open) await trail.client.dispatch('MESSAGE_CREATE', { id: ids.at(-1) });
    }
    await trail.resume(town.worker(1));
    await settles(trail, kind, ids);
  });

  test('is not resumed with the token of somebody else', async () => {
    await using trail = await enter(kind, 0);
    const ids = await say(1);
    for (const slot of [0, 1]) {
      await using thief = await RawGateway.open(town.worker(slot));
      thief.send(6, { token: owner.token, session_id: trail.client.ready.session_id, seq: trail.seq });
      expect((await thief.op(9)).d).toBe(false);
    }
    await settles(trail, kind, ids);
  });
});

/** Three of the four are closed in favour of another. */
async function oneLeft(sockets: readonly RawGateway[], losers: ReadonlySet<RawGateway>): Promise<RawGateway> {
  await Promise.race(
    sockets.map((_, left) => Promise.all(sockets.filter((_, at) => at !== left).map((s) => s.closed))),
  );
  const left = sockets.filter((socket) => !losers.has(socket));
  expect(left.length).toBe(1);
  return left[0] as RawGateway;
}

describe('when the worker that made it has died', () => {
  test.each(kinds)('a %s gets op 9 and identifies on the same socket', async (kind) => {
    await using trail = await enter(kind, 1);
    await say(1);
    await town.killWorker(1);
    await trail.client.closed;
    for (const slot of [0, 1]) {
      await using again = await trail.ask(town.worker(slot));
      expect((await again.op(9)).d).toBe(false);
      await again.identify(kind === 'bot' ? { token: bot.token, intents: 1 } : { token: friend.token });
    }
  });

  test.each(kinds)('a %s that lives elsewhere stays there, and can be resumed there', async (kind) => {
    await using trail = await enter(kind, 1);
    const ids = await say(2);
    await trail.cut();
    await trail.resume(town.worker(0));
    await town.killWorker(1);
    ids.push(...(await say(2)));
    await trail.client.dispatch('MESSAGE_CREATE', { id: ids.at(-1) });
    await trail.cut();
    ids.push(...(await say(1)));
    await trail.resume(town.worker(0));
    await settles(trail, kind, ids);
  });
});
