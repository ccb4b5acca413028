import { expect } from 'bun:test';
import { Fault } from '../../src/protocol/errors.ts';
import { snowflakeAt } from '../../src/protocol/snowflake.ts';
import { BUCKET_MS } from '../../src/store/buckets.ts';
import type { AskedReactions, ReactionsOfUser } from '../../src/store/ports.ts';
import { actor, type Case } from './store-cases.ts';
import { messageRecord, mint, NOW } from './store-records.ts';

const MINUTE = 60_000;

/** Which comes first is not said. */
const inOrder = (found: readonly ReactionsOfUser[]): ReactionsOfUser[] =>
  [...found].sort((a, b) => (`${a.id} ${a.user}` < `${b.id} ${b.user}` ? -1 : 1));
const none = { before: null, after: null, around: null } as const;

/** A page of them is as many questions to a cluster. */
const MANY_BUCKETS = 20;
/** No more than a worker lets pass at once. */
const READERS = 250;

export const messageCases: readonly Case[] = [
  {
    title: 'reads that everybody has left are not made to their end, and the others are answered',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const channelId = mint();
      const ids = Array.from({ length: MANY_BUCKETS }, (_, n) => mint(NOW - n * BUCKET_MS));
      for (const id of ids) await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
      const query = { channelId, ...none, limit: 100 };
      const leaving = new AbortController();
      const reads = Array.from({ length: READERS }, () => store.page(query, leaving.signal));
      const stays = store.page(query);
      leaving.abort(new Fault('lost', true, 'all have left'));
      const ends = await Promise.allSettled(reads);
      expect(ends.filter(({ status }) => status === 'rejected').length).toBe(READERS);
      for (const page of [await stays, await store.page(query)]) {
        expect(page.map(({ message }) => message.id)).toEqual(ids);
      }
    },
  },
  {
    title: 'message and messages: the present form, in the order asked, the unknown left out',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, a, b, unknown] = [mint(), mint(), mint(), mint()];
      expect(await store.message(channelId, a)).toBeNull();
      const text = 'nul \u0000 quote " slash \\ line \n fox 🦊';
      await commit({ w: 'putMessage', message: messageRecord(channelId, a) });
      await commit({ w: 'putMessage', message: messageRecord(channelId, a, text) });
      await commit({ w: 'putMessage', message: messageRecord(channelId, b) });
      expect(await store.message(channelId, a)).toEqual({ message: messageRecord(channelId, a, text), reactions: [] });
      expect((await store.messages(channelId, [b, unknown, a])).map(({ message }) => message.id)).toEqual([b, a]);
      expect(await store.message(unknown, a)).toBeNull();
    },
  },
  {
    title: 'deleteMessages takes messages with their reactions and pins, and may be repeated',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const channelId = mint();
      const ids = [mint(), mint(NOW - BUCKET_MS), mint(NOW - 5 * BUCKET_MS)];
      for (const messageId of ids) {
        await commit(
          { w: 'putMessage', message: messageRecord(channelId, messageId) },
          { w: 'putReaction', channelId, messageId, emoji: '🦊', userId: '1', at: NOW },
          { w: 'putPin', channelId, messageId, at: '2026-01-01T00:00:00.000Z' },
        );
      }
      const gone = ids.slice(0, 2);
      for (let n = 0; n < 2; n += 1) await commit({ w: 'deleteMessages', channelId, ids: gone });
      const left = await store.page({ channelId, ...none, limit: 10 });
      expect(left.map(({ message }) => message.id)).toEqual(ids.slice(2));
      expect((await store.pins(channelId)).map(({ message }) => message.message.id)).toEqual(ids.slice(2));
      await commit({ w: 'putMessage', message: messageRecord(channelId, ids[0]!) });
      expect((await store.message(channelId, ids[0]!))?.reactions).toEqual([]);
      expect(await store.reactors(channelId, ids[0]!, '🦊', null, 5)).toEqual([]);
    },
  },
  {
    title: 'what one batch writes and deletes again is not there, also where nothing else is; the next one is',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, id, next] = [mint(), mint(), mint()];
      const put = { w: 'putMessage', message: messageRecord(channelId, id) } as const;
      await commit(put, { w: 'deleteMessages', channelId, ids: [id] });
      expect(await store.message(channelId, id)).toBeNull();
      await commit({ w: 'putMessage', message: messageRecord(channelId, next) });
      const found = await store.page({ channelId, ...none, limit: 10 });
      expect(found.map(({ message }) => message.id)).toEqual([next]);
      const since = snowflakeAt(NOW - MINUTE);
      const authored = await store.authored([channelId], put.message.author_id, since, 10);
      expect(authored.map((each) => each.id)).toEqual([next]);
    },
  },
  {
    title: 'a read that is left ends, and disturbs no other',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, id] = [mint(), mint()];
      await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
      const query = { channelId, ...none, limit: 1 };
      const leaving = new AbortController();
      const left = [
        store.page(query, AbortSignal.abort()),
        store.page(query, leaving.signal),
        store.pins(channelId, leaving.signal),
        store.reactors(channelId, id, 'a', null, 1, leaving.signal),
      ];
      const others = [store.page(query), store.page(query)];
      leaving.abort();
      await Promise.allSettled(left);
      for (const page of await Promise.all(others)) expect(page.map(({ message }) => message.id)).toEqual([id]);
    },
  },
  {
    title: 'reactions count each user once, in the order of the first reaction',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, messageId, other] = [mint(), mint(), mint()];
      const react = (emoji: string, userId: string, at: number) =>
        commit({ w: 'putReaction', channelId, messageId, emoji, userId, at });
      await commit({ w: 'putMessage', message: messageRecord(channelId, messageId) });
      await react('🦊', '2', 10);
      await react('fox:123', '3', 20);
      await react('🦊', '10', 30);
      await react('🦊', '10', 40);
      const counts = async () => (await store.message(channelId, messageId))?.reactions;
      expect(await counts()).toEqual([
        { emoji: '🦊', count: 2 },
        { emoji: 'fox:123', count: 1 },
      ]);
      expect(await store.page({ channelId, ...none, limit: 1 })).toEqual([
        { message: messageRecord(channelId, messageId), reactions: (await counts())! },
      ]);
      expect(await store.reactionsOf(channelId, [{ ids: [messageId, other], users: ['10'] }])).toEqual([
        { id: messageId, user: '10', emojis: ['🦊'] },
      ]);
      expect(await store.reactors(channelId, messageId, '🦊', null, 5)).toEqual(['2', '10']);
      expect(await store.reactors(channelId, messageId, '🦊', '2', 5)).toEqual(['10']);
      expect(await store.reactors(channelId, messageId, '🦊', null, 1)).toEqual(['2']);
    },
  },
  {
    title: 'what many users reacted with is one question: each of its users about each of its messages',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, ids] = [mint(), [mint(), mint(NOW - 2 * BUCKET_MS), mint()]];
      const users = Array.from({ length: 250 }, (_, n) => String(1000 + n));
      const emojis = ['🦊', 'fox:123', 'a'];
      const reacts = (user: string, message: number, emoji: number): boolean =>
        (Number(user) + message) % (emoji + 2) === 0 && message < 2;
      const put = (messageId: string, emoji: string, userId: string, at: number) =>
        ({ w: 'putReaction', channelId, messageId, emoji, userId, at }) as const;
      const expected: ReactionsOfUser[] = [];
      for (const [message, id] of ids.entries()) {
        await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
        for (const user of users) {
          const his = emojis.filter((_, emoji) => reacts(user, message, emoji));
          if (his.length > 0) expected.push({ id, user, emojis: his });
        }
      }
      await commit(
        ...expected.flatMap(({ id, user, emojis: his }) => his.map((one) => put(id, one, user, emojis.indexOf(one)))),
      );
      const answer = async (asked: readonly AskedReactions[]) =>
        inOrder(await store.reactionsOf(channelId, asked)).map((each) => ({ ...each }));
      expect(await answer([{ ids, users: [...users, '1'] }])).toEqual(inOrder(expected));
      const [first = '', second = ''] = ids;
      const parted = [
        { ids: [first], users: users.slice(0, 5) },
        { ids: [second, mint()], users: users.slice(5, 9) },
      ];
      expect(await answer(parted)).toEqual(
        inOrder(
          expected.filter(({ id, user }) => parted.some((each) => each.ids.includes(id) && each.users.includes(user))),
        ),
      );
      expect(await answer([])).toEqual([]);
      expect(
        await answer([
          { ids: [], users },
          { ids, users: [] },
        ]),
      ).toEqual([]);
    },
  },
  {
    title: 'reactions are taken singly, by emoji and all; an emoji that is gone starts anew',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, messageId] = [mint(), mint()];
      const put = (emoji: string, userId: string, at: number) =>
        ({ w: 'putReaction', channelId, messageId, emoji, userId, at }) as const;
      const counts = async () =>
        (await store.message(channelId, messageId))?.reactions.map(({ emoji, count }) => `${emoji}${count}`);
      await commit(
        { w: 'putMessage', message: messageRecord(channelId, messageId) },
        ...[put('a', '1', 1), put('a', '2', 2), put('b', '1', 3), put('b', '2', 4), put('c', '1', 5)],
      );
      const remove = { w: 'deleteReaction', channelId, messageId, emoji: 'a', userId: '1' } as const;
      await commit(remove, remove);
      expect(await counts()).toEqual(['a1', 'b2', 'c1']);
      await commit({ ...remove, userId: '2' });
      await commit(put('a', '2', 9));
      expect(await counts()).toEqual(['b2', 'c1', 'a1']);
      await commit({ w: 'clearReactions', channelId, messageId, emoji: 'b' });
      expect(await counts()).toEqual(['c1', 'a1']);
      await commit({ w: 'clearReactions', channelId, messageId, emoji: null });
      expect(await counts()).toEqual([]);
    },
  },
  {
    title: 'pins: the newest pin first, pinned again it moves, unpinned it goes',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const channelId = mint();
      const ids = [mint(), mint(), mint()];
      const pin = (messageId: string, at: string) => ({ w: 'putPin', channelId, messageId, at }) as const;
      for (const [n, id] of ids.entries()) {
        await commit({ w: 'putMessage', message: messageRecord(channelId, id) }, pin(id, `2026-01-0${n + 1}`));
      }
      await commit(pin(ids[0]!, '2026-01-09'));
      await commit(
        { w: 'deletePin', channelId, messageId: ids[1]! },
        { w: 'deletePin', channelId, messageId: ids[1]! },
      );
      expect(await store.pins(channelId)).toEqual([
        { message: { message: messageRecord(channelId, ids[0]!), reactions: [] }, pinnedAt: '2026-01-09' },
        { message: { message: messageRecord(channelId, ids[2]!), reactions: [] }, pinnedAt: '2026-01-03' },
      ]);
    },
  },
  {
    title: 'a nonce leads to its message for ten minutes',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, author] = [mint(), mint()];
      const nonce = 'odd \u0000 nonce';
      const put = (messageId: string, at: number) =>
        ({ w: 'putNonce', channelId, author, nonce, messageId, at }) as const;
      expect(await store.nonce(channelId, author, nonce, NOW)).toBeNull();
      await commit(put('5', NOW), put('5', NOW));
      expect(await store.nonce(channelId, author, nonce, NOW)).toBe('5');
      expect(await store.nonce(channelId, author, nonce, NOW + 10 * MINUTE - 1)).toBe('5');
      expect(await store.nonce(channelId, author, nonce, NOW + 10 * MINUTE)).toBeNull();
      expect(await store.nonce(channelId, mint(), nonce, NOW)).toBeNull();
      expect(await store.nonce(mint(), author, nonce, NOW)).toBeNull();
      await commit(put('6', NOW + 11 * MINUTE));
      expect(await store.nonce(channelId, author, nonce, NOW + 11 * MINUTE)).toBe('6');
    },
  },
  {
    title: 'authored gives the messages of one author since a moment, newest first over all channels',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [a, b, author] = [mint(), mint(), mint()];
      const old = mint(NOW - 3 * BUCKET_MS);
      const ids = [mint(NOW - 2 * BUCKET_MS), mint(NOW - 1), mint(NOW)];
      for (const [n, id] of [old, ...ids].entries()) {
        const channelId = n % 2 === 0 ? a : b;
        await commit(
          { w: 'putMessage', message: messageRecord(channelId, id, 'mine', author) },
          { w: 'putMessage', message: messageRecord(channelId, mint(), 'of another') },
        );
      }
      const since = snowflakeAt(NOW - 2 * BUCKET_MS);
      const found = await store.authored([a, b], author, since, 10);
      expect(found).toEqual([
        { channelId: b, id: ids[2]! },
        { channelId: a, id: ids[1]! },
        { channelId: b, id: ids[0]! },
      ]);
      expect(await store.authored([a, b], author, since, 2)).toEqual(found.slice(0, 2));
      expect(await store.authored([a], author, since, 10)).toEqual(found.slice(1, 2));
      expect(await store.authored([], author, since, 10)).toEqual([]);
    },
  },
];
