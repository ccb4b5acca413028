/**
 * Messages lie in buckets of ten days of their id's time. Paging over buckets is a generator that asks for what it needs,
 * so that it is pure and serves adapters that answer at once and adapters that answer later.
 */
import { assert } from '../base/assert.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { EPOCH_MS, timestampOf } from '../protocol/snowflake.ts';
import type { MessagePage } from './ports.ts';

export const BUCKET_MS = 10 * 24 * 60 * 60 * 1000;

/** The bucket of a message id: whole tens of days since Discord's epoch. */
export const bucketOf = (id: Snowflake): number => Math.floor((timestampOf(id) - EPOCH_MS) / BUCKET_MS);

/** Ids strictly between the two borders; null: no border. */
export interface IdRange {
  readonly above: Snowflake | null;
  readonly below: Snowflake | null;
  readonly order: 'newest' | 'oldest';
}

/** Existing buckets between the two, both included. */
export interface BucketRange {
  readonly from: number | null;
  readonly to: number | null;
  readonly order: 'newest' | 'oldest';
}

export interface BucketSource<Row> {
  /** Buckets that hold messages, in the order asked, at most `limit`: empty ones are never walked. */
  buckets(range: BucketRange, limit: number): readonly number[];
  /** Rows of one bucket in the order asked, at most `limit`. */
  fetchRows(bucket: number, range: IdRange, limit: number): readonly Row[];
}

export type BucketStep =
  | { readonly ask: 'buckets'; readonly range: BucketRange; readonly limit: number }
  | { readonly ask: 'rows'; readonly bucket: number; readonly range: IdRange; readonly limit: number };

export type BucketAnswer<Row> = { readonly buckets: readonly number[] } | { readonly rows: readonly Row[] };

type Walk<Row, Result> = Generator<BucketStep, Result, BucketAnswer<Row>>;

/** Buckets learned in one query: nearly every page ends in the first or second. */
const BUCKETS_AT_ONCE = 4;

/** The page, newest first. `after` gives the `limit` next ones; `around` the message itself, the older half and the newer half. */
export function* pageSteps<Row>(query: Omit<MessagePage, 'channelId'>): Walk<Row, readonly Row[]> {
  const { around, before, after, limit } = query;
  if (around !== null) {
    const newerLimit = Math.floor(limit / 2);
    const below = (BigInt(around) + 1n).toString();
    const older = yield* walk<Row>({ above: null, below, order: 'newest' }, limit - newerLimit);
    const newer = yield* walk<Row>({ above: around, below: null, order: 'oldest' }, newerLimit);
    return [...newer.toReversed(), ...older];
  }
  if (after !== null) {
    const rows = yield* walk<Row>({ above: after, below: before, order: 'oldest' }, limit);
    return rows.toReversed();
  }
  return yield* walk<Row>({ above: null, below: before, order: 'newest' }, limit);
}

/** Runs the page against a source that answers at once. */
export function pageBuckets<Row>(source: BucketSource<Row>, query: Omit<MessagePage, 'channelId'>): readonly Row[] {
  const steps = pageSteps<Row>(query);
  let step = steps.next();
  while (!step.done) {
    const asked = step.value;
    const answer: BucketAnswer<Row> =
      asked.ask === 'buckets'
        ? { buckets: source.buckets(asked.range, asked.limit) }
        : { rows: source.fetchRows(asked.bucket, asked.range, asked.limit) };
    step = steps.next(answer);
  }
  return step.value;
}

function* walk<Row>(range: IdRange, limit: number): Walk<Row, readonly Row[]> {
  const rows: Row[] = [];
  let from = range.above === null ? null : bucketOf(range.above);
  let to = range.below === null ? null : bucketOf(range.below);
  while (rows.length < limit) {
    const found = yield* askBuckets<Row>({ from, to, order: range.order });
    for (const bucket of found) {
      rows.push(...(yield* askRows<Row>(bucket, range, limit - rows.length)));
      if (rows.length >= limit) return rows;
    }
    const last = found.at(-1);
    if (last === undefined || found.length < BUCKETS_AT_ONCE) return rows;
    if (range.order === 'newest') to = last - 1;
    else from = last + 1;
  }
  return rows;
}

function* askBuckets<Row>(range: BucketRange): Walk<Row, readonly number[]> {
  const answer = yield { ask: 'buckets', range, limit: BUCKETS_AT_ONCE };
  assert('buckets' in answer, 'a question for buckets is answered with buckets');
  return answer.buckets;
}

function* askRows<Row>(bucket: number, range: IdRange, limit: number): Walk<Row, readonly Row[]> {
  const answer = yield { ask: 'rows', bucket, range, limit };
  assert('rows' in answer, 'a question for rows is answered with rows');
  return answer.rows;
}
