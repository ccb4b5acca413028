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

/** To `editMessage`. */
export interface Edited<M> {
  readonly message: M;
  /** Files that it showed before and shows no more. */
  readonly gone: readonly Snowflake[];
}

/** To `ban`: files of the messages that it deleted. */
export type FilesGone = readonly { readonly channelId: Snowflake; readonly ids: readonly Snowflake[] }[];

/** A read of a channel's messages that many ask at once. All that changes the answer stands in it; who asks does not. */
export type SharedRead = {
  readonly channelId: Snowflake;
  /** As `mayRead` said it: whoever asks after a change was acknowledged has another one. */
  readonly generation: string | null;
} & (
  | {
      readonly what: 'page';
      readonly bare: boolean;
      readonly limit: number;
      readonly around: Snowflake | null;
      readonly before: Snowflake | null;
      readonly after: Snowflake | null;
    }
  | { readonly what: 'message'; readonly bare: boolean; readonly id: Snowflake }
  | {
      readonly what: 'pins';
      readonly bare: boolean;
      /** `list`: as older libraries know it, all of them. */
      readonly form: 'items' | 'list';
      readonly limit: number;
      /** Pinned earlier than this, milliseconds since 1970; null: all. */
      readonly before: number | null;
    }
  /** -> ids, ascending. */
  | {
      readonly what: 'reactors';
      readonly id: Snowflake;
      readonly emoji: string;
      readonly after: Snowflake | null;
      readonly limit: number;
    }
  /** One reader's own reactions -> [message id, emoji keys][]. */
  | { readonly what: 'mine'; readonly user: Snowflake; readonly ids: readonly Snowflake[] }
);

/** What a shared read gave, encoded once for everybody. `bare`: without what a bot may not see that has no grant to read content. */
export interface SharedBody {
  /** JSON in UTF-8; every `me` of a reaction is `false` in it. Null: the message that was asked for is not there. */
  readonly json: Uint8Array<ArrayBuffer> | null;
  /** Messages with reactions: by emoji, where in `json` its `me` begins. */
  readonly reacted: readonly Reacted[];
  /** Of a bare body: who is an author or mentioned in it, and sees more than others. */
  readonly named: readonly Snowflake[];
}

export interface Reacted {
  readonly id: Snowflake;
  readonly marks: readonly (readonly [emoji: string, at: number])[];
}
