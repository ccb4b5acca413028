import { expect } from 'bun:test';
import fc from 'fast-check';
import { compareSnowflakes, type Snowflake } from '../../src/protocol/ids.ts';
import { snowflakeAt } from '../../src/protocol/snowflake.ts';
import { BUCKET_MS } from '../../src/store/buckets.ts';
import type { MessagePage, Store } from '../../src/store/ports.ts';
import { pageOfArray } from '../support/page-of-array.ts';
import { actor, type Case } from './store-cases.ts';
import { messageRecord, mint, NOW } from './store-records.ts';

/** Buckets back from now, and a place in the bucket: few places, so that borders are met. */
const arbitraryId = fc
  .tuple(fc.constantFrom(0, 1, 2, 7, 40, 120, 121), fc.integer({ min: 0, max: 12 }))
  .map(([bucket, place]) => (BigInt(snowflakeAt(NOW - bucket * BUCKET_MS)) + BigInt(place)).toString());

const arbitraryQuery = fc.oneof(
  fc.record({ before: fc.option(arbitraryId), after: fc.constant(null), around: fc.constant(null) }),
  fc.record({ before: fc.option(arbitraryId), after: arbitraryId, around: fc.constant(null) }),
  fc.record({ before: fc.constant(null), after: fc.constant(null), around: arbitraryId }),
);

interface MarkedMessage {
  readonly id: Snowflake;
  readonly marked?: number;
}

async function idsOf(store: Store, query: MessagePage): Promise<Snowflake[]> {
  return (await store.page(query)).map(({ message }) => message.id);
}

export const pagingCases: readonly Case[] = [
  {
    title: 'page equals the page of a sorted array, whatever is stored and deleted',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const property = fc.asyncProperty(
        fc.uniqueArray(arbitraryId, { maxLength: 40 }),
        fc.uniqueArray(arbitraryId, { maxLength: 20 }),
        fc.array(fc.tuple(arbitraryQuery, fc.constantFrom(1, 2, 3, 5, 50, 100)), { minLength: 1, maxLength: 6 }),
        async (ids, gone, queries) => {
          const channelId = mint();
          await commit(...ids.map((id) => ({ w: 'putMessage', message: messageRecord(channelId, id) }) as const));
          await commit({ w: 'deleteMessages', channelId, ids: gone });
          const left = ids.filter((id) => !gone.includes(id)).sort(compareSnowflakes);
          for (const [query, limit] of queries) {
            expect(await idsOf(store, { ...query, channelId, limit })).toEqual(pageOfArray(left, { ...query, limit }));
          }
        },
      );
      await fc.assert(property, { numRuns: 60 });
    },
  },
  {
    title: 'a page as text is the same page, and says where each message with reactions ends',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const channelId = mint();
      const ids = ['plain', 'a "quote", }] and \\ and \n', '🦊\u0000\ud800', 'last'].map((content, bucket) => {
        const message = messageRecord(channelId, mint(NOW - bucket * BUCKET_MS), content);
        return { id: message.id, put: { w: 'putMessage', message } as const };
      });
      await commit(...ids.map(({ put }) => put));
      for (const [at, emoji] of ['🦊', '"', 'fox:12'].entries()) {
        const messageId = ids[Math.ceil(at / 2)]!.id;
        await commit({ w: 'putReaction', channelId, messageId, emoji, userId: '7', at });
      }
      for (const around of [null, ids[2]!.id]) {
        const query = { channelId, before: null, after: null, around, limit: 3 };
        const [page, text] = [await store.page(query), await store.pageText(query)];
        expect(text.json).toBe(JSON.stringify(page.map(({ message }) => message.wire)));
        const reacted = page.filter(({ reactions }) => reactions.length > 0);
        expect(text.reacted.map(({ id, reactions }) => ({ id, reactions }))).toEqual(
          reacted.map(({ message, reactions }) => ({ id: message.id, reactions })),
        );
        expect(reacted.length > 0).toBe(true);
        for (const { id, end } of text.reacted) {
          const marked = JSON.parse(`${text.json.slice(0, end)},"marked":1${text.json.slice(end)}`) as MarkedMessage[];
          expect(marked.filter((message) => message.marked).map((message) => message.id)).toEqual([id]);
        }
      }
      const none = { channelId: mint(), before: null, after: null, around: null, limit: 3 };
      expect(await store.pageText(none)).toEqual({ json: '[]', reacted: [] });
    },
  },
  {
    title: 'borders far outside of what exists are borders too',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [channelId, id] = [mint(), mint()];
      await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
      const query = { channelId, before: null, after: null, around: null, limit: 5 };
      const huge = '9223372036854775807';
      expect(await idsOf(store, { ...query, before: huge })).toEqual([id]);
      expect(await idsOf(store, { ...query, after: huge })).toEqual([]);
      expect(await idsOf(store, { ...query, around: huge })).toEqual([id]);
      expect(await idsOf(store, { ...query, after: '0' })).toEqual([id]);
      expect(await idsOf(store, { ...query, before: '0' })).toEqual([]);
      expect(await idsOf(store, { ...query, before: id })).toEqual([]);
      expect(await idsOf(store, { ...query, after: id })).toEqual([]);
    },
  },
];
