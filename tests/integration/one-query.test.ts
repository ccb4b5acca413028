/** Reads of a real server with two workers, counted where the store is asked, which is held back until all readers have come. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIMessage } from 'discord-api-types/v10';
import { LIMITS } from '../../src/limits.ts';
import { FORGET } from '../../src/store/thread/wire.ts';
import { eventually } from '../support/eventually.ts';
import { GATHERED_KEYS, HeldStore } from '../support/held-store-worker.ts';
import { type Answers, Crowd, LONG_MS } from '../support/many-readers.ts';
import { guildOn } from '../support/placed.ts';
import { numbersOf, sumOf } from '../support/read-numbers.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const workerProgram = new URL('../support/held-store-worker.ts', import.meta.url);

const contents = (answers: Answers): string[] =>
  (JSON.parse(answers[0]?.body ?? '[]') as APIMessage[]).map(({ content }) => content);
const statuses = (answers: Answers): (readonly [number, number])[] => answers.map((each) => [each.status, each.count]);

describe.each([
  ['without a cache', 0],
  ['with a cache', 32],
])('%s', (_name, readCacheMb) => {
  let town: Town;
  let store: HeldStore;
  let crowd: Crowd;
  let owner: Person;
  let place: Place;
  const tokens: string[] = [];

  beforeAll(async () => {
    store = new HeldStore();
    crowd = new Crowd();
    town = await Town.open({ workers: 2, workerProgram, config: { rateLimits: 'off', readCacheMb } });
    owner = await town.person('owner');
    place = await guildOn(town, 1, owner);
    tokens.length = 0;
    const people = await Promise.all(['a', 'b', 'c'].map((name) => town.person(name)));
    await town.join(owner, place, ...people);
    tokens.push(...people.map(({ token }) => token));
  });

  afterAll(async () => {
    await crowd[Symbol.asyncDispose]();
    await town[Symbol.asyncDispose]();
    store[Symbol.dispose]();
  });

  const pathOf = (query = '') => `/channels/${place.channel}/messages${query}`;
  const say = (content: string) => town.say(owner, place.channel, content);

  /** Asks that were met: at the first coalescer of their worker, or there by the cache. */
  const met = async (): Promise<number> =>
    sumOf(await numbersOf(town), 'guildhall_reads_total{how="made"}', 'guildhall_reads_total{how="joined"}');

  /** So many readers, half at each worker; resolves when all wait for the store. */
  async function gather(many: number, query = '', who: readonly string[] = tokens): Promise<void> {
    const before = await met();
    await crowd.open({ bases: [town.worker(0), town.worker(1)], tokens: who, path: pathOf(query), many });
    const wait = async (): Promise<boolean> => {
      const waiting = (await met()) - before;
      if (waiting < many) throw new Error(`${waiting} wait`);
      return true;
    };
    await eventually(`${many} wait`, wait, LONG_MS);
  }

  test.each([1, 100, 10_000])(
    '%d equal reads through both workers are one query',
    async (many) => {
      await say(`for ${many}`);
      store.hold('pageText');
      await gather(many);
      store.release();
      const answers = await crowd.answers();
      expect(statuses(answers)).toEqual([[200, many]]);
      expect(contents(answers)[0]).toBe(`for ${many}`);
      expect(store.asked('pageText').length).toBe(1);
    },
    LONG_MS,
  );

  test('those who come when it has been answered are one query more, or none where it is kept', async () => {
    await say('kept');
    const read = async (): Promise<Answers> => {
      await crowd.open({ bases: [town.worker(0), town.worker(1)], tokens, path: pathOf(), many: 2 });
      return crowd.answers();
    };
    await read();
    const hits = 'guildhall_read_cache_total{what="page",how="hit"}';
    const before = sumOf(await numbersOf(town), hits);
    store.hold();
    expect(contents(await read())[0]).toBe('kept');
    expect(store.asked('pageText').length > 0).toBe(readCacheMb === 0);
    expect(sumOf(await numbersOf(town), hits) - before).toBe(readCacheMb === 0 ? 0 : 2);
  });

  test('different parameters are never shared', async () => {
    const { id } = await say('pivot');
    const queries = [
      '',
      '?limit=1',
      '?limit=2',
      `?before=${id}`,
      `?after=${id}`,
      `?around=${id}`,
      `?before=${id}&limit=1`,
    ];
    store.hold('pageText');
    for (const query of queries) await gather(10, query);
    store.release();
    expect(statuses(await crowd.answers()).map(([status]) => status)).not.toContain(503);
    const asked = store.asked('pageText').map(({ args }) => args);
    // The page by default is not kept: `say` made a new generation.
    expect([asked.length, new Set(asked).size]).toEqual([queries.length, queries.length]);
  });

  test('who reads after an acknowledged write sees it, though the answer of the read before it is still to come', async () => {
    await say('before');
    store.keep('pageText');
    await gather(20);
    await eventually('it is read', () => store.answered('pageText') === 1);
    await say('after');
    await gather(30);
    await eventually('it is read anew', () => store.answered('pageText') === 2);
    store.release();
    const answers = await crowd.answers();
    expect(answers.map((each) => [each.status, each.count, contents([each])[0]])).toEqual([
      [200, 30, 'after'],
      [200, 20, 'before'],
    ]);
    await crowd.open({ bases: [town.worker(0), town.worker(1)], tokens, path: pathOf(), many: 10 });
    expect(contents(await crowd.answers())[0]).toBe('after');
  });

  test('an error reaches those who wait; the next read asks again', async () => {
    await say('for the broken');
    store.hold('pageText');
    await gather(50);
    store.fail('pageText');
    expect(statuses(await crowd.answers())).toEqual([[503, 50]]);
    store.release();
    await crowd.open({ bases: [town.worker(0), town.worker(1)], tokens, path: pathOf(), many: 50 });
    const answers = await crowd.answers();
    expect([statuses(answers), contents(answers)[0]]).toEqual([[[200, 50]], 'for the broken']);
  });

  test('a read that everybody has left is ended, on both workers and at the store', async () => {
    await say('for nobody');
    const before = await numbersOf(town);
    store.hold('pageText');
    await gather(20);
    await crowd.leave();
    const left = 'guildhall_shared_reads_total{how="left"}';
    await eventually('nobody waits', async () => {
      const now = await numbersOf(town);
      return sumOf(now, 'guildhall_http_requests_in_hand') === 0 && sumOf(now, left) === sumOf(before, left) + 1;
    });
    await eventually('the store has heard of it', () => store.asked(FORGET).length === 1);
    store.release();
    await eventually(
      'its place is free',
      async () => sumOf(await numbersOf(town), 'guildhall_shared_reads_in_flight') === 0,
    );
  });

  test(
    'what 10,000 readers of a page have reacted with themselves is one query for many of them',
    async () => {
      const { id } = await say('liked');
      // An odd number, so that each of them reads at both workers, and one more than fit a query.
      const people = await Promise.all(Array.from({ length: GATHERED_KEYS + 1 }, () => town.person('reader')));
      await town.join(owner, place, ...people);
      const liking = people.filter((_, n) => n % 2 === 0);
      for (const { token } of liking) {
        await town.rest(token, 'PUT', `${pathOf()}/${id}/reactions/${encodeURIComponent('👍')}/@me`);
      }
      store.hold('pageText');
      await gather(
        10_000,
        '?limit=1',
        people.map(({ token }) => token),
      );
      store.release();
      const answers = await crowd.answers();
      const mine = answers.map(({ status, body, count }) => {
        const [message] = JSON.parse(body) as APIMessage[];
        return [status, message?.content, message?.reactions?.map((each) => [each.count, each.me]), count];
      });
      const [liked, others] = [mine[0]?.at(-1) as number, mine[1]?.at(-1) as number];
      expect(mine).toEqual([
        [200, 'liked', [[11, true]], liked],
        [200, 'liked', [[11, false]], others],
      ]);
      // The tokens are taken in turn, as many as there are at a time.
      expect([liked + others, liked > others]).toEqual([10_000, true]);
      expect([store.asked('pageText').length, store.asked('reactionsOf').length]).toEqual([1, 4]);
    },
    LONG_MS,
  );

  test('a hot channel waits for itself: the queries of others pass it', async () => {
    const made = await Promise.all(
      Array.from({ length: 8 }, (_, n) =>
        town.rest<{ id: string }>(owner.token, 'POST', `/guilds/${place.id}/channels`, { name: `calm-${n}` }),
      ),
    );
    const { id } = await say('hot');
    store.hold('pageText');
    // Twenty times as much as each of the others, and all of it there before them.
    for (let limit = 1; limit <= 20; limit += 1) {
      await crowd.open({ bases: [town.worker(0)], tokens: [owner.token], path: pathOf(`?limit=${limit}`), many: 1 });
      await crowd.open({
        bases: [town.worker(1)],
        tokens: [owner.token],
        path: pathOf(`?before=${id}&limit=${limit}`),
        many: 1,
      });
    }
    await eventually('the hot one waits', async () => {
      const waiting = sumOf(await numbersOf(town), 'guildhall_shared_reads_waiting');
      return waiting === 40 - LIMITS.queriesPerChannel;
    });
    for (const [n, calm] of made.entries()) {
      const path = `/channels/${calm.id}/messages`;
      await crowd.open({ bases: [town.worker(n % 2)], tokens: [owner.token], path, many: 1 });
    }
    await eventually('the others are at the store', () =>
      made.every((calm) => store.asked('pageText', calm.id).length === 1),
    );
    expect(store.asked('pageText', place.channel).length).toBe(LIMITS.queriesPerChannel);
    store.release();
    expect(statuses(await crowd.answers()).map(([status]) => status)).not.toContain(503);
    expect(store.asked('pageText', place.channel).length).toBe(40);
  });
});
