/** Windows of one worker: a table for each length. */
import { expect, test } from 'bun:test';
import { LocalBuckets } from '../../../src/rest/local-buckets.ts';

test('a crowd of short windows does not make a long one forgotten; of equally long ones the one used longest ago is', () => {
  const buckets = new LocalBuckets(3);
  const [short, long] = [1000, 60_000].map((windowMs) => ({ limit: 1, windowMs }));
  const isRefused = (name: string, rate = short, now = 0): boolean =>
    buckets.hit(name, rate ?? { limit: 1, windowMs: 1 }, now).remaining < 0;
  expect(isRefused('long', long)).toBe(false);
  for (let n = 0; n < 10; n += 1) expect(isRefused(`short ${n}`)).toBe(false);
  expect([isRefused('long', long), buckets.isFull('long', long!, 0)]).toEqual([true, true]);
  expect(['short 9', 'short 0'].map((name) => isRefused(name))).toEqual([true, false]);
  expect(isRefused('long', long, 60_000)).toBe(false);
});
