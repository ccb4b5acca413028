/**
 * Which buckets of a channel hold messages, and up to which id: what is empty is never looked at. The process that holds the lease is the only one
 * that writes, so what it remembers is what is stored.
 */
import { LRUCache } from 'lru-cache';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { Queries } from './cluster.ts';

export interface ChannelEntry {
  readonly owner: OwnerKey | null;
  /** Bucket -> no message of it is above this id; null: it is not known. */
  readonly buckets: ReadonlyMap<number, Snowflake | null>;
}

export interface ChannelChange {
  readonly owner?: OwnerKey;
  /** `gone`: the bucket holds nothing any more. */
  readonly buckets: ReadonlyMap<number, Snowflake | null | 'gone'>;
}

interface ChannelRow {
  readonly bucket: number | null;
  readonly newest: Snowflake | null;
  readonly owner: OwnerKey | null;
}

const READ = 'select bucket, newest, owner from {}.channels where channel_id = ?';
const CAPACITY = 50_000;

export class ChannelIndex {
  readonly #known = new LRUCache<Snowflake, ChannelEntry>({ max: CAPACITY });
  readonly #loads = new Map<Snowflake, Promise<ChannelEntry>>();

  constructor(readonly cluster: Queries) {}

  async of(channelId: Snowflake): Promise<ChannelEntry> {
    const known = this.#known.get(channelId);
    if (known !== undefined) return known;
    const loading = this.#loads.get(channelId) ?? this.#load(channelId);
    return loading;
  }

  /** It may be stored in another way. */
  forget(channelId: Snowflake): void {
    this.#loads.delete(channelId);
    this.#known.delete(channelId);
  }

  clear(): void {
    this.#loads.clear();
    this.#known.clear();
  }

  /** It is stored. Who is reading the row just now may have read it as it was before. */
  apply(channelId: Snowflake, change: ChannelChange): void {
    this.#loads.delete(channelId);
    const known = this.#known.get(channelId);
    if (known === undefined) return;
    const buckets = new Map(known.buckets);
    for (const [bucket, newest] of change.buckets) {
      if (newest === 'gone') buckets.delete(bucket);
      else buckets.set(bucket, newest);
    }
    this.#known.set(channelId, { owner: change.owner ?? known.owner, buckets });
  }

  #load(channelId: Snowflake): Promise<ChannelEntry> {
    const loading = this.#read(channelId).then((entry) => {
      // Else it was changed meanwhile: this reader may have the old one, the next reads anew.
      if (this.#loads.get(channelId) === loading) this.#known.set(channelId, entry);
      return entry;
    });
    const forget = (): void => {
      if (this.#loads.get(channelId) === loading) this.#loads.delete(channelId);
    };
    this.#loads.set(channelId, loading);
    loading.then(forget, forget);
    return loading;
  }

  async #read(channelId: Snowflake): Promise<ChannelEntry> {
    const rows = await this.cluster.rows<ChannelRow>(READ, [channelId]);
    // A channel with an owner and without a message is one row without a bucket.
    const buckets = rows.flatMap(({ bucket, newest }) => (bucket === null ? [] : [[bucket, newest] as const]));
    return { owner: rows[0]?.owner ?? null, buckets: new Map(buckets) };
  }
}
