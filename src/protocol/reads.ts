/** What owners say for the edge alone, which reads the store and keeps the files. */
import type { Snowflake } from './ids.ts';

/** To `mayRead`. */
export interface MayRead {
  /** Names the state of the channel's messages: reads with the same one may be shared. Null: nothing was written yet. */
  readonly generation: string | null;
  /** His permissions in the channel, decimal. */
  readonly permissions: string;
}

/** To `deleteGuild`: what went with it. */
export interface GuildGone {
  readonly channels: readonly Snowflake[];
  readonly roles: readonly Snowflake[];
}
