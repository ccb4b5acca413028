/**
 * The messages of one batch. Deletions are gathered and made at its end, when it is known what else it does: a message is deleted together with
 * everything dead around it, from the next living message below to the next one above, as one range. So a million deletions leave as many ranges as
 * there are gaps between living messages, and a page never reads through what is gone.
 */
import { compareSnowflakes, type Snowflake } from '../../protocol/ids.ts';
import { bucketOf } from '../buckets.ts';
import { deadRanges, type Range } from './dead-ranges.ts';
import { type Entries, STAMP } from './entries.ts';

export interface Count {
  readonly count: number;
  /** Milliseconds since 1970 of the first of them. */
  readonly firstAt: string;
}

interface Live {
  readonly message_id: Snowflake;
  readonly author_id: Snowflake | null;
  readonly reactions: Readonly<Record<string, string>> | null;
}

interface Bucket {
  readonly channelId: Snowflake;
  readonly bucket: number;
  /** What is there at the end of the batch. */
  readonly put: Set<Snowflake>;
  /** All that was written, with its author, whatever became of it. */
  readonly written: Map<Snowflake, Snowflake>;
  readonly deleted: Set<Snowflake>;
}

/** Beyond so many living messages per deleted one, those between are not read: the deletions are single rows. */
const DENSE = 4;
const LEAST_READ = 100;
/** Ids of one question. */
const IDS_AT_ONCE = 100;

const LIVE = 'select message_id, author_id, reactions from {}.messages where channel_id = ? and bucket = ?';
const DELETE = 'delete from {}.messages using timestamp ? where channel_id = ? and bucket = ?';
const UNMARK = 'delete from {}.authored using timestamp ? where channel_id = ? and bucket = ? and author_id = ?';

export class MessageDraft {
  readonly #draft: Entries;
  readonly #buckets = new Map<string, Bucket>();
  readonly #pinned = new Map<Snowflake, Set<Snowflake>>();
  /** `message emoji` -> as it will be; null: none. */
  readonly #counts = new Map<string, Count | null>();
  /** `message emoji user` -> whether he has reacted. */
  readonly #reacted = new Map<string, boolean>();
  /** Beginnings of such keys under which nothing is left but what came later. */
  readonly #cleared = new Set<string>();

  constructor(draft: Entries) {
    this.#draft = draft;
  }

  put(channelId: Snowflake, id: Snowflake, authorId: Snowflake, wire: string): void {
    const place = this.#bucket(channelId, bucketOf(id));
    const key = [channelId, String(place.bucket)];
    const at = `b ${channelId} ${place.bucket}`;
    if (place.deleted.delete(id)) this.#draft.put(at, `${DELETE} and message_id = ?`, [STAMP, ...key, id]);
    place.put.add(id);
    place.written.set(id, authorId);
    const columns = '(channel_id, bucket, message_id, author_id, wire)';
    const cql = `insert into {}.messages ${columns} values (?, ?, ?, ?, ?) using timestamp ?`;
    this.#draft.put(at, cql, [...key, id, authorId, wire, STAMP]);
    const mark =
      'insert into {}.authored (channel_id, bucket, author_id, message_id) values (?, ?, ?, ?) using timestamp ?';
    this.#draft.put(at, mark, [...key, authorId, id, STAMP]);
  }

  delete(channelId: Snowflake, ids: readonly Snowflake[]): void {
    for (const id of ids) {
      const place = this.#bucket(channelId, bucketOf(id));
      place.put.delete(id);
      place.deleted.add(id);
    }
  }

  pin(channelId: Snowflake, id: Snowflake): void {
    const pinned = this.#pinned.get(channelId) ?? new Set<Snowflake>();
    this.#pinned.set(channelId, pinned.add(id));
  }

  /** What this batch has made of a count; undefined: nothing. */
  countOf(key: string): Count | null | undefined {
    const noted = this.#counts.get(key);
    return noted === undefined && this.#isCleared(key) ? null : noted;
  }

  setCount(key: string, count: Count | null): void {
    this.#counts.set(key, count);
  }

  hasReacted(key: string): boolean | undefined {
    return this.#reacted.get(key) ?? (this.#isCleared(key) ? false : undefined);
  }

  setReacted(key: string, has: boolean): void {
    this.#reacted.set(key, has);
  }

  clear(beginning: string): void {
    for (const noted of [this.#counts, this.#reacted]) {
      for (const key of noted.keys()) if (`${key} `.startsWith(beginning)) noted.delete(key);
    }
    this.#cleared.add(beginning);
  }

  #isCleared(key: string): boolean {
    for (const beginning of this.#cleared) if (`${key} `.startsWith(beginning)) return true;
    return false;
  }

  async settle(): Promise<void> {
    const ofChannel = new Map<Snowflake, Snowflake[]>();
    for (const place of this.#buckets.values()) {
      const { buckets } = await this.#draft.channel(place.channelId);
      if (place.deleted.size > 0 && (buckets.has(place.bucket) || place.written.size > 0)) await this.#delete(place);
      this.#grow(place, await this.#draft.channel(place.channelId));
      if (place.deleted.size === 0) continue;
      ofChannel.set(place.channelId, [...(ofChannel.get(place.channelId) ?? []), ...place.deleted]);
    }
    for (const [channelId, ids] of ofChannel) await this.#unpin(channelId, new Set(ids));
  }

  #bucket(channelId: Snowflake, bucket: number): Bucket {
    const key = `${channelId} ${bucket}`;
    const place = this.#buckets.get(key) ?? {
      ...{ channelId, bucket, put: new Set<Snowflake>() },
      ...{ written: new Map<Snowflake, Snowflake>(), deleted: new Set<Snowflake>() },
    };
    this.#buckets.set(key, place);
    return place;
  }

  /** What was put may lie above what was known to be the newest. */
  #grow({ channelId, bucket, put }: Bucket, { buckets }: { buckets: ReadonlyMap<number, Snowflake | null> }): void {
    if (put.size === 0) return;
    const newest = buckets.get(bucket);
    const isAbove = (id: Snowflake): boolean =>
      newest !== null && newest !== undefined && compareSnowflakes(id, newest) > 0;
    if (newest === undefined || [...put].some(isAbove)) this.#draft.setBucket(channelId, bucket, null);
  }

  async #delete(place: Bucket): Promise<void> {
    const { channelId, bucket, put, deleted } = place;
    const ids = [...deleted].sort(compareSnowflakes);
    const [low = '0', high = '0'] = [ids[0], ids.at(-1)];
    const { cluster } = this.#draft.db;
    const most = DENSE * ids.length + LEAST_READ;
    const key = [channelId, String(bucket)];
    const [span, above, below] = await Promise.all([
      cluster.rows<Live>(`${LIVE} and message_id >= ? and message_id <= ? limit ?`, [...key, low, high, most]),
      cluster.first<Live>(`${LIVE} and message_id > ? order by message_id asc limit 1`, [...key, high]),
      cluster.first<Live>(`${LIVE} and message_id < ? limit 1`, [...key, low]),
    ]);
    if (span.length === most) return this.#deleteSingly(place, ids);
    const live = new Set([...span, above, below].flatMap((row) => (row === null ? [] : [row.message_id])));
    const staying = [...new Set([...live, ...put])].filter((id) => !deleted.has(id)).sort(compareSnowflakes);
    const gone = [...span.filter(({ message_id }) => deleted.has(message_id)), ...unmade(place)];
    for (const range of deadRanges(ids, staying)) this.#deleteRange(place, range, gone);
    for (const row of gone) this.#dropReactors(channelId, row);
    const { buckets } = await this.#draft.channel(channelId);
    const newest = staying.at(-1);
    const known = buckets.get(bucket);
    if (newest === undefined) this.#draft.setBucket(channelId, bucket, 'gone');
    else if (compareSnowflakes(newest, high) < 0 && known !== newest) this.#draft.setBucket(channelId, bucket, newest);
  }

  /** `gone`: what was read of those that are deleted, newest first. Nobody has written anything in the range that stays. */
  #deleteRange({ channelId, bucket }: Bucket, { above, below }: Range, gone: readonly Live[]): void {
    const borders = `${above === null ? '' : ' and message_id > ?'}${below === null ? '' : ' and message_id < ?'}`;
    const values = [above, below].filter((id) => id !== null);
    const key = [channelId, String(bucket)];
    const at = `b ${channelId} ${bucket}`;
    this.#draft.put(at, `${DELETE}${borders}`, [STAMP, ...key, ...values]);
    const authors = new Set<Snowflake>();
    for (const { message_id: id, author_id: author } of gone) {
      const isAbove = above === null || compareSnowflakes(id, above) > 0;
      if (author !== null && isAbove && (below === null || compareSnowflakes(id, below) < 0)) authors.add(author);
    }
    const cql = `${UNMARK}${borders}`;
    for (const author of authors) this.#draft.put(at, cql, [STAMP, ...key, author, ...values]);
  }

  /** Few among many: their neighbors are too many to be read. */
  async #deleteSingly(place: Bucket, ids: readonly Snowflake[]): Promise<void> {
    const { channelId, bucket } = place;
    for (let from = 0; from < ids.length; from += IDS_AT_ONCE) {
      const some = ids.slice(from, from + IDS_AT_ONCE);
      const key = [channelId, String(bucket)];
      const found = await this.#draft.db.cluster.rows<Live>(`${LIVE} and message_id in ?`, [...key, some]);
      for (const id of some)
        this.#draft.put(`b ${channelId} ${bucket}`, `${DELETE} and message_id = ?`, [STAMP, ...key, id]);
      for (const row of [...found, ...unmade(place).filter(({ message_id }) => some.includes(message_id))]) {
        const params = [...key, row.author_id, row.message_id];
        if (row.author_id !== null)
          this.#draft.put(`b ${channelId} ${bucket}`, `${UNMARK} and message_id = ?`, [STAMP, ...params]);
        this.#dropReactors(channelId, row);
      }
    }
  }

  #dropReactors(channelId: Snowflake, { message_id: id, reactions }: Live): void {
    if (reactions === null && ![...this.#reacted.keys()].some((key) => key.startsWith(`${id} `))) return;
    const cql = 'delete from {}.reactors using timestamp ? where channel_id = ? and message_id = ?';
    this.#draft.put(`r ${channelId} ${id}`, cql, [STAMP, channelId, id]);
  }

  async #unpin(channelId: Snowflake, gone: ReadonlySet<Snowflake>): Promise<void> {
    const stored = await this.#draft.db.cluster.rows<{ message_id: Snowflake }>(
      'select message_id from {}.pins where channel_id = ?',
      [channelId],
    );
    const pinned = new Set([...stored.map((row) => row.message_id), ...(this.#pinned.get(channelId) ?? [])]);
    const cql = 'delete from {}.pins using timestamp ? where channel_id = ? and message_id = ?';
    for (const id of pinned) if (gone.has(id)) this.#draft.put(`i ${channelId}`, cql, [STAMP, channelId, id]);
  }
}

/** What the batch itself has written and deleted again. */
const unmade = ({ written, deleted }: Bucket): Live[] =>
  [...written].flatMap(([id, author]) =>
    deleted.has(id) ? [{ message_id: id, author_id: author, reactions: null }] : [],
  );
