/** What a bucket of ten days means for the size of a partition: arithmetic, with the bytes of a message as it is stored. */
import { expect, test } from 'bun:test';
import { EPOCH_MS, snowflakeAt } from '../../../src/protocol/snowflake.ts';
import { BUCKET_MS, bucketOf } from '../../../src/store/buckets.ts';
import { messageRecord, publicUser } from '../../conformance/store-records.ts';

const YEAR_MS = 365 * 24 * 3600_000;
const MB = 1e6;
/** Above this, compaction and repair of a partition hurt (discord.com, "How Discord stores billions of messages"). */
const TOO_LARGE = 100 * MB;
/** Row header, timestamps and cells besides what is in them; keys of the row and of the mark of its author. */
const OVERHEAD_BYTES = 60;

/** As it is before compression, which makes it less than half. The author is whole, as messages of the server have him. */
function rowBytes(content: string): number {
  const { wire } = messageRecord('1574315162722304001', '1574315162722304002', content);
  const author = { ...publicUser('1574315162722304003', 'a-name-like-others'), global_name: 'Somebody' };
  return Buffer.byteLength(JSON.stringify({ ...wire, author })) + OVERHEAD_BYTES;
}

test('every id lies in the bucket of its ten days', () => {
  const start = EPOCH_MS + 100 * BUCKET_MS;
  expect(bucketOf(snowflakeAt(start))).toBe(100);
  expect(bucketOf((BigInt(snowflakeAt(start)) - 1n).toString())).toBe(99);
  expect(bucketOf((BigInt(snowflakeAt(start + BUCKET_MS)) - 1n).toString())).toBe(100);
});

test('a channel with five million messages a year has no partition that is too large', () => {
  // 60 characters: more than most messages have.
  const bytes = rowBytes('x'.repeat(60));
  const perBucket = 5e6 * (BUCKET_MS / YEAR_MS);
  expect(perBucket).toBeGreaterThan(130_000);
  expect(perBucket * bytes).toBeLessThan(TOO_LARGE);
});

test('the documentation says up to how many messages a day that holds', () => {
  const aDay = TOO_LARGE / rowBytes('x'.repeat(60)) / 10;
  expect(aDay).toBeGreaterThan(16_700);
  expect(aDay).toBeLessThan(16_900);
});
