/** Single keys of one turn become one query; who asks while queries are under way shares the next one, never one that has begun. */
import { describe, expect, test } from 'bun:test';
import type { Fault } from '../../../src/protocol/errors.ts';
import { Gathered, gatherSingles } from '../../../src/store/gathered.ts';
import type { AskedReactions } from '../../../src/store/ports.ts';
import { messageRecord, mint } from '../../conformance/store-records.ts';
import { FakeClock } from '../actor/fake-clock.ts';

class Scene {
  readonly clock = new FakeClock();
  readonly queries: {
    readonly asked: string;
    readonly left: AbortSignal;
    readonly end: ReturnType<typeof Promise.withResolvers<string[]>>;
  }[] = [];
  readonly gathered = new Gathered<string>(this.clock, { keys: 3, queries: 1 }, async (group, keys, left) => {
    const end = Promise.withResolvers<string[]>();
    this.queries.push({ asked: `${group}: ${keys.join()}`, left, end });
    return new Map((await end.promise).map((key) => [key, `${key} of ${group}`]));
  });

  get asked(): string[] {
    return this.queries.map(({ asked }) => asked);
  }
}

describe('Gathered', () => {
  test('keys of one turn and one group are one query; what is not there is null', async () => {
    const { clock, gathered, queries, ...scene } = new Scene();
    const asks = [gathered.get('g', 'a'), gathered.get('g', 'b'), gathered.get('g', 'a'), gathered.get('h', 'a')];
    await clock.settle();
    expect(queries.map(({ asked }) => asked)).toEqual(['g: a,b', 'h: a']);
    for (const { end } of queries) end.resolve(['a']);
    expect(await Promise.all(asks)).toEqual(['a of g', null, 'a of g', 'a of h']);
    expect(scene).toBeDefined();
  });

  test('one query asks for so many keys, and so many of a group run at once', async () => {
    const scene = new Scene();
    const asks = ['a', 'b', 'c', 'd'].map((key) => scene.gathered.get('g', key));
    await scene.clock.settle();
    expect(scene.asked).toEqual(['g: a,b,c']);
    // It began before this ask: who asks now does not join it.
    const later = scene.gathered.get('g', 'a');
    scene.queries[0]?.end.resolve(['a', 'b', 'c']);
    await scene.clock.settle();
    expect(scene.asked).toEqual(['g: a,b,c', 'g: d,a']);
    scene.queries[1]?.end.resolve(['d']);
    expect(await Promise.all([...asks, later])).toEqual(['a of g', 'b of g', 'c of g', 'd of g', null]);
  });

  test('a query that fails fails those it was made for; the next is made anew', async () => {
    const scene = new Scene();
    const failed = ['a', 'b'].map((key) => scene.gathered.get('g', key).catch((error: Error) => error.message));
    await scene.clock.settle();
    scene.queries[0]?.end.reject(new Error('broken'));
    expect(await Promise.all(failed)).toEqual(['broken', 'broken']);
    const next = scene.gathered.get('g', 'a');
    await scene.clock.settle();
    scene.queries[1]?.end.resolve(['a']);
    expect(await next).toBe('a of g');
  });

  test('a key that all have left before its query is not asked for; a query is ended when nobody waits for any of its keys', async () => {
    const scene = new Scene();
    const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
    const told = (ask: Promise<string | null>) => ask.catch((error: Fault) => error.code);
    const left = told(scene.gathered.get('g', 'gone', one.signal));
    const asks = [
      ...[one, two].map(({ signal }) => told(scene.gathered.get('g', 'a', signal))),
      told(scene.gathered.get('g', 'b', three.signal)),
    ];
    one.abort();
    expect(await left).toBe('lost');
    await scene.clock.settle();
    expect(scene.asked).toEqual(['g: a,b']);
    const [query] = scene.queries;
    two.abort();
    expect(query?.left.aborted).toBe(false);
    three.abort();
    expect(query?.left.aborted).toBe(true);
    query?.end.reject(query.left.reason);
    expect(await Promise.all(asks)).toEqual(['lost', 'lost', 'lost']);
    const next = scene.gathered.get('g', 'a', new AbortController().signal);
    await scene.clock.settle();
    scene.queries[1]?.end.resolve(['a']);
    expect(await next).toBe('a of g');
  });

  test('one who stays keeps a key, and with it the query of all', async () => {
    const scene = new Scene();
    const leaving = new AbortController();
    const asks = [scene.gathered.get('g', 'a', leaving.signal), scene.gathered.get('g', 'a')];
    await scene.clock.settle();
    leaving.abort();
    expect(scene.queries[0]?.left.aborted).toBe(false);
    scene.queries[0]?.end.resolve(['a']);
    expect(await Promise.all(asks)).toEqual(['a of g', 'a of g']);
  });
});

test('messages and users are asked for one by one, and read together', async () => {
  const clock = new FakeClock();
  const [one, two, gone] = [mint(), mint(), mint()];
  const asked: unknown[] = [];
  const found = [one, two].map((id) => ({ message: messageRecord('1', id), reactions: [] }));
  const unused = (): never => {
    throw new Error('one is asked for with others');
  };
  const store = {
    messages: async (channelId: string, ids: readonly string[]) => {
      asked.push([channelId, ids]);
      return found.filter(({ message }) => ids.includes(message.id));
    },
    message: async (channelId: string, id: string) => {
      asked.push([channelId, id]);
      return found.find(({ message }) => message.id === id) ?? null;
    },
    user: unused,
    users: unused,
    reactionsOf: unused,
  };
  const singles = gatherSingles(store, clock, { keys: 10, queries: 2 });
  const many = [two, gone, one].map((id) => singles.message('1', id));
  await clock.settle();
  expect((await Promise.all(many)).map((each) => each?.message.id ?? null)).toEqual([two, null, one]);
  const alone = singles.message('1', one);
  await clock.settle();
  expect((await alone)?.message.id).toBe(one);
  expect(asked).toEqual([
    ['1', [two, gone, one]],
    ['1', one],
  ]);
});

test('what readers of one channel reacted with is one question for each page they read', async () => {
  const clock = new FakeClock();
  const asked: unknown[] = [];
  const unused = (): never => {
    throw new Error('reactions are asked for');
  };
  const store = {
    ...{ message: unused, messages: unused, user: unused, users: unused },
    reactionsOf: async (channelId: string, questions: readonly AskedReactions[]) => {
      asked.push([channelId, questions]);
      const pairs = questions.flatMap(({ ids, users }) => ids.flatMap((id) => users.map((user) => ({ id, user }))));
      return pairs
        .filter(({ user }) => user !== '3')
        .map((each) => ({ ...each, emojis: [`${each.user} on ${each.id}`] }));
    },
  };
  const singles = gatherSingles(store, clock, { keys: 4, queries: 1 });
  const readers = [
    ...['1', '2', '3'].map((user) => singles.ownReactions('5', ['70', '71'], user)),
    singles.ownReactions('5', ['72'], '1'),
    singles.ownReactions('5', ['72'], '2'),
    singles.ownReactions('6', ['70'], '1'),
  ];
  await clock.settle();
  expect((await Promise.all(readers)).map((own) => [...own])).toEqual([
    ...['1', '2'].map((user) => [
      ['70', [`${user} on 70`]],
      ['71', [`${user} on 71`]],
    ]),
    [],
    ...['1', '2'].map((user) => [['72', [`${user} on 72`]]]),
    [['70', ['1 on 70']]],
  ] as never);
  expect(asked).toEqual([
    [
      '5',
      [
        { ids: ['70', '71'], users: ['1', '2', '3'] },
        { ids: ['72'], users: ['1'] },
      ],
    ],
    ['6', [{ ids: ['70'], users: ['1'] }]],
    ['5', [{ ids: ['72'], users: ['2'] }]],
  ]);
});
