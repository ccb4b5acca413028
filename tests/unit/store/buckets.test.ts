import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compareSnowflakes, type Snowflake } from '../../../src/protocol/ids.ts';
import { EPOCH_MS, snowflakeAt } from '../../../src/protocol/snowflake.ts';
import { BUCKET_MS, type BucketSource, bucketOf, pageBuckets } from '../../../src/store/buckets.ts';
import { pageOfArray } from '../../support/page-of-array.ts';

interface Counted {
  readonly source: BucketSource<Snowflake>;
  readonly asked: { buckets: number; rows: number };
}

/** A source over an array that counts what it is asked, and refuses what paging must not ask. */
function sourceOf(ids: readonly Snowflake[]): Counted {
  const asked = { buckets: 0, rows: 0 };
  const existing = [...new Set(ids.map(bucketOf))];
  const source: BucketSource<Snowflake> = {
    buckets: ({ from, to, order }, limit) => {
      asked.buckets += 1;
      return existing
        .filter((bucket) => (from === null || bucket >= from) && (to === null || bucket <= to))
        .sort((a, b) => (order === 'newest' ? b - a : a - b))
        .slice(0, limit);
    },
    fetchRows: (bucket, { above, below, order }, limit) => {
      asked.rows += 1;
      if (!existing.includes(bucket)) throw new Error('an empty bucket is asked for rows');
      return ids
        .filter((id) => bucketOf(id) === bucket)
        .filter((id) => above === null || compareSnowflakes(id, above) > 0)
        .filter((id) => below === null || compareSnowflakes(id, below) < 0)
        .sort((a, b) => (order === 'newest' ? compareSnowflakes(b, a) : compareSnowflakes(a, b)))
        .slice(0, limit);
    },
  };
  return { source, asked };
}

const idIn = (bucket: number, place: number): Snowflake =>
  (BigInt(snowflakeAt(EPOCH_MS + bucket * BUCKET_MS)) + BigInt(place)).toString();

/** Few buckets far apart and places at both of their borders, so that borders are met often. */
const arbitraryId = fc
  .tuple(
    fc.constantFrom(0, 1, 2, 3, 50, 51, 400),
    fc.oneof(fc.nat({ max: 8 }), fc.constantFrom(BUCKET_MS * 2 ** 22 - 1, BUCKET_MS * 2 ** 22 - 2)),
  )
  .map(([bucket, place]) => idIn(bucket, place));

describe('bucketOf', () => {
  test('a bucket is ten days of Discord time, its borders exact', () => {
    expect(bucketOf('0')).toBe(0);
    expect(bucketOf(idIn(3, 0))).toBe(3);
    expect(bucketOf((BigInt(idIn(4, 0)) - 1n).toString())).toBe(3);
    expect(bucketOf('175928847299117063')).toBe(48);
  });
});

describe('pageBuckets', () => {
  const limits = fc.constantFrom(1, 2, 3, 4, 7, 100);

  test('before, after and around equal the page of a sorted array', () => {
    const query = fc.record({
      before: fc.option(arbitraryId),
      after: fc.option(arbitraryId),
      around: fc.option(arbitraryId),
      limit: limits,
    });
    const property = fc.property(fc.uniqueArray(arbitraryId, { maxLength: 60 }), query, (ids, asked) => {
      const sorted = ids.toSorted(compareSnowflakes);
      expect([...pageBuckets(sourceOf(ids).source, asked)]).toEqual(pageOfArray(sorted, asked));
    });
    fc.assert(property, { numRuns: 2000 });
  });

  test('walking page by page, either way, meets every message once', () => {
    const property = fc.property(fc.uniqueArray(arbitraryId, { maxLength: 60 }), limits, (ids, limit) => {
      const { source } = sourceOf(ids);
      const sorted = ids.toSorted(compareSnowflakes);
      const down: Snowflake[] = [];
      for (let page = pageBuckets(source, { before: null, after: null, around: null, limit }); page.length > 0; ) {
        down.push(...page);
        page = pageBuckets(source, { before: down.at(-1)!, after: null, around: null, limit });
      }
      expect(down.toReversed()).toEqual(sorted);
      const up: Snowflake[] = [];
      for (let page = pageBuckets(source, { before: null, after: '0', around: null, limit }); page.length > 0; ) {
        up.push(...page.toReversed());
        page = pageBuckets(source, { before: null, after: up.at(-1)!, around: null, limit });
      }
      expect(up).toEqual(sorted.filter((id) => id !== '0'));
    });
    fc.assert(property, { numRuns: 300 });
  });

  test('years of empty buckets cost nothing', () => {
    const { source, asked } = sourceOf([idIn(0, 1), idIn(400, 1)]);
    const page = pageBuckets(source, { before: null, after: null, around: null, limit: 50 });
    expect([...page]).toEqual([idIn(400, 1), idIn(0, 1)]);
    expect(asked).toEqual({ buckets: 1, rows: 2 });
  });

  test('a full page asks for no more than it needs', () => {
    const ids = Array.from({ length: 30 }, (_, bucket) => idIn(bucket, 1));
    const { source, asked } = sourceOf(ids);
    expect(pageBuckets(source, { before: null, after: null, around: null, limit: 1 }).length).toBe(1);
    expect(asked).toEqual({ buckets: 1, rows: 1 });
  });
});
