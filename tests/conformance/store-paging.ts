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
