/** Rows of messages as they are read: never half of one, never through what is known to be empty. */
import { groupsOf } from '../../base/groups-of.ts';
import type { Snowflake } from '../../protocol/ids.ts';
import { type BucketRange, bucketOf, type IdRange } from '../buckets.ts';
import type { Db } from './db.ts';

export interface MessageRow {
  readonly message_id: Snowflake;
  readonly author_id: Snowflake;
  readonly wire: string;
  /** Emoji -> as reactions.ts writes it. */
  readonly reactions: Readonly<Record<string, string>> | null;
}

type RawRow = Omit<MessageRow, 'author_id' | 'wire'> & {
  readonly author_id: Snowflake | null;
  readonly wire: string | null;
};

const SELECT = 'select message_id, author_id, wire, reactions from {}.messages where channel_id = ? and bucket = ?';
/** Keys of one question: within one page of the driver, and what ScyllaDB allows by default. */
export const KEYS_AT_ONCE = 100;
/** Every id lies between them; those beyond what a bigint holds are borders too. */
const LOWEST = -1n;
const HIGHEST = 2n ** 63n - 1n;
/** A half row that is younger is let be: its other half may be on its way. */
const HALF_MS = 60_000;
/** Half rows that are removed in that time. */
const MOST_HALVES = 1000;

export class MessageRows {
  readonly #db: Db;
  /** When the removal of a half row was asked for, longest ago first: all who read it before that is seen ask no more. */
  readonly #removed = new Map<Snowflake, number>();

  constructor(db: Db) {
    this.#db = db;
  }

  /** At most `limit` rows of one bucket in the order asked. `newest`: nothing is above it; null: not known. */
  async of(
    channelId: Snowflake,
    bucket: number,
    newest: Snowflake | null,
    { above, below, order }: IdRange,
    limit: number,
    left?: AbortSignal,
  ): Promise<readonly MessageRow[]> {
    const full: MessageRow[] = [];
    const top = newest === null ? HIGHEST : BigInt(newest) + 1n;
    let [low, high] = [clamp(above, LOWEST), smaller(clamp(below, HIGHEST), top)];
    const direction = order === 'oldest' ? ' order by message_id asc' : '';
    while (full.length < limit && low < high) {
      const wanted = limit - full.length;
      const cql = `${SELECT} and message_id > ? and message_id < ?${direction} limit ?`;
      const params = [channelId, bucket, String(low), String(high), wanted];
      const rows = await this.#db.cluster.rows<RawRow>(cql, params, left);
      for (const row of rows) if (this.#isFull(channelId, row)) full.push(row);
      const last = rows.at(-1);
      if (last === undefined || rows.length < wanted) break;
      if (order === 'oldest') low = BigInt(last.message_id);
      else high = BigInt(last.message_id);
    }
    return full;
  }

  async named(
    channelId: Snowflake,
    ids: readonly Snowflake[],
    left?: AbortSignal,
  ): Promise<ReadonlyMap<Snowflake, MessageRow>> {
    const groups = new Map<number, Snowflake[]>();
    for (const id of new Set(ids)) {
      if (BigInt(id) > HIGHEST) continue;
      const bucket = bucketOf(id);
      groups.set(bucket, [...(groups.get(bucket) ?? []), id]);
    }
    const found = new Map<Snowflake, MessageRow>();
    const asked = [...groups].flatMap(([bucket, all]) =>
      groupsOf(all, KEYS_AT_ONCE).map((some) => [bucket, some] as const),
    );
    const answers = await Promise.all(
      asked.map(([bucket, some]) =>
        this.#db.cluster.rows<RawRow>(`${SELECT} and message_id in ?`, [channelId, bucket, some], left),
      ),
    );
    for (const row of answers.flat()) if (this.#isFull(channelId, row)) found.set(row.message_id, row);
    return found;
  }

  /** Every write is an upsert: one that comes after the deletion leaves a row without its author. It is not shown, and removed. */
  #isFull(channelId: Snowflake, row: RawRow): row is MessageRow {
    if (row.author_id !== null && row.wire !== null) return true;
    this.#remove(channelId, row.message_id);
    return false;
  }

  #remove(channelId: Snowflake, id: Snowflake): void {
    const now = this.#db.clock.now();
    for (const [known, at] of this.#removed) {
      if (now - at < HALF_MS) break;
      this.#removed.delete(known);
    }
    if (this.#removed.has(id) || this.#removed.size >= MOST_HALVES) return;
    this.#removed.set(id, now);
    const cql = 'delete from {}.messages using timestamp ? where channel_id = ? and bucket = ? and message_id = ?';
    const params = [String((now - HALF_MS) * 1000), channelId, bucketOf(id), id];
    // If it was too young, or cannot be removed now, a reader tries again after that time.
    this.#db.cluster.write([{ cql, params }], false).catch(() => {});
  }
}

/** Known buckets within the range, at most `limit`. */
export function bucketsIn(
  known: ReadonlyMap<number, unknown>,
  { from, to, order }: BucketRange,
  limit: number,
): readonly number[] {
  const within = [...known.keys()].filter((bucket) => bucket >= (from ?? bucket) && bucket <= (to ?? bucket));
  return within.sort((a, b) => (order === 'newest' ? b - a : a - b)).slice(0, limit);
}

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

function clamp(id: Snowflake | null, absent: bigint): bigint {
  return id === null ? absent : smaller(BigInt(id), HIGHEST);
}
