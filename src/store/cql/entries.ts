/** Statements of a batch that is being made. */
import type { Clock } from '../../base/clock.ts';
import type { Snowflake } from '../../protocol/ids.ts';
import type { ChannelEntry, ChannelIndex } from './channel-index.ts';
import type { Queries } from './cluster.ts';

export interface Db {
  readonly clock: Pick<Clock, 'now'>;
  readonly cluster: Queries;
  readonly channels: ChannelIndex;
}

export interface Entry {
  readonly cql: string;
  readonly params: readonly (string | null)[];
  /** Entries with the same one are one mutation: their partition keys have the same bytes. */
  readonly partition: string;
}

/** Stands for the timestamp of the entry. */
export const STAMP = '\u0000stamp';

/** What a part of a batch may ask and add. */
export interface Entries {
  readonly db: Db;
  put(partition: string, cql: string, params: readonly (string | null)[]): void;
  /** As it will be when the entries made so far are stored. */
  channel(channelId: Snowflake): Promise<ChannelEntry>;
  /** The channel must have been asked for before. `gone`: the bucket holds nothing any more. */
  setBucket(channelId: Snowflake, bucket: number, newest: Snowflake | null | 'gone'): void;
}
