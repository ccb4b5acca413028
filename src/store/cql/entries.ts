/** Statements of a batch that is being made. */
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { ChannelEntry } from './channel-index.ts';
import type { Db } from './db.ts';

export interface Entry {
  readonly cql: string;
  readonly params: readonly (string | null)[];
  /** Entries with the same one are one mutation: their partition keys have the same bytes. */
  readonly partition: string;
  /**
   * It is no statement: the guild of its first parameter goes with all that names it, page by page, as of the timestamp of its second. Who does it again
   * finds what is left.
   */
  readonly sweeps?: 'guild';
}

/** Stands for the timestamp of the entry. Nothing that a user has written is it. */
export const STAMP = Symbol('timestamp');

export type Value = string | null | typeof STAMP;

export type Drafted = Omit<Entry, 'params'> & { readonly params: readonly Value[] };

/** What a part of a batch may ask and add. */
export interface Entries {
  readonly db: Db;
  readonly owner: OwnerKey;
  put(partition: string, cql: string, params: readonly Value[]): void;
  /** As it will be when the entries made so far are stored. */
  channel(channelId: Snowflake): Promise<ChannelEntry>;
  /** The channel must have been asked for before. `gone`: the bucket holds nothing any more. */
  setBucket(channelId: Snowflake, bucket: number, newest: Snowflake | null | 'gone'): void;
}
