/** What a pure rule (`guild/`, `user/`) gives back for one command. The shell in `actor/` numbers, stores and performs it. */
import type { Command } from './commands.ts';
import type { Refusal } from './errors.ts';
import type { OwnerKey, Snowflake } from './ids.ts';
import type { Write } from './writes.ts';

/** The answer to the asker: a body that survives a structured clone and JSON, or a refusal. */
export type Reply = { readonly ok: unknown } | Refusal;

export interface Decision {
  readonly reply: Reply;
  readonly writes: readonly Write[];
  readonly rows: readonly RowDraft[];
  readonly tells: readonly Tell[];
}

/** What a decision may know of the world. */
export interface Turn {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** A new id: unique in the installation, greater than `after` if given. */
  mint(after?: Snowflake | null): Snowflake;
  /** Nobody has been answered in this load, and who will be gets a snapshot: what that says needs no event. */
  readonly unheard: boolean;
  /** The number that the row at this index (0-based) of this decision will have. */
  seq(rowIndex: number): number;
}

/** A row before it has a number. */
export type RowDraft =
  | EventDraft
  | VisibilityDraft
  | { readonly kind: 'join'; readonly user: Snowflake }
  /** Ends the user's attachments: GUILD_DELETE for his sessions. */
  | { readonly kind: 'leave'; readonly user: Snowflake }
  /** Only from user actors: the sessions of that user attach to this guild now. */
  | { readonly kind: 'joined'; readonly guild: OwnerKey; readonly seq: number };

export interface VisibilityDraft {
  readonly kind: 'visibility';
  /** The guild's own id: no channel, but the topic of its bans. */
  readonly channel: Snowflake;
  /** Topics before and after; null: public (the guild's topic). */
  readonly from: string | null;
  readonly to: string | null;
  readonly gained: readonly Snowflake[];
  readonly lost: readonly Snowflake[];
  /** JSON of `d` of CHANNEL_CREATE and CHANNEL_DELETE; both null: nobody is told. */
  readonly created: string | null;
  readonly deleted: string | null;
}

export interface EventDraft {
  readonly kind: 'event';
  readonly topic: string;
  /** Gateway event name. */
  readonly t: string;
  /** JSON text of `d`. */
  readonly d: string;
  /** Intent bits, one of which must be in the mask; 0: always (protocol/events.ts). */
  readonly cls: number;
  readonly full: readonly Snowflake[] | null;
  /** How a later owner can tell it again; null: volatile (typing, presence), it may die with its owner. */
  readonly note: EventNote | null;
}

/**
 * `message`: made again from the stored message in its present form (left out if it is gone).
 * `thing`: made again from the state in its present form (left out if it is gone). `literal`: `d` itself is kept (small: ids only).
 */
export type EventNote =
  | { readonly as: 'message'; readonly channelId: Snowflake; readonly id: Snowflake }
  | { readonly as: 'thing'; readonly thing: 'guild' | 'channel' | 'role' | 'member' | 'user'; readonly id: Snowflake }
  | { readonly as: 'literal' };

/** A row in the journal (JSON in StoredRow.note). */
export type JournalNote =
  | {
      readonly kind: 'event';
      readonly topic: string;
      readonly t: string;
      readonly cls: number;
      readonly full: readonly Snowflake[] | null;
      readonly note: EventNote;
      readonly d: string | null;
    }
  | {
      readonly kind: 'visibility';
      readonly channel: Snowflake;
      readonly from: string | null;
      readonly to: string | null;
      /** Null: too many to keep; nobody can go on across this row. */
      readonly gained: readonly Snowflake[] | null;
      readonly lost: readonly Snowflake[] | null;
      readonly deleted: string | null;
    }
  | { readonly kind: 'join' | 'leave'; readonly user: Snowflake }
  | { readonly kind: 'joined'; readonly guild: OwnerKey; readonly seq: number };

/** A command for another owner. Durable: stored in the same commit and repeated after a load until that owner has confirmed it; hearing is idempotent. */
export interface Tell {
  readonly to: OwnerKey;
  readonly command: Command;
  readonly durable: boolean;
}

/** What a command needs from the store before its turn. Supplied once; the owner's own writes keep it true from then on. */
export type Need =
  | { readonly need: 'message'; readonly channelId: Snowflake; readonly id: Snowflake }
  | {
      readonly need: 'reaction';
      readonly channelId: Snowflake;
      readonly id: Snowflake;
      readonly emoji: string;
      readonly user: Snowflake;
    }
  | { readonly need: 'nonce'; readonly channelId: Snowflake; readonly author: Snowflake; readonly nonce: string }
  | { readonly need: 'pins'; readonly channelId: Snowflake }
  | {
      readonly need: 'authored';
      readonly author: Snowflake;
      readonly channelIds: readonly Snowflake[];
      readonly since: Snowflake;
    };

export const nothing: Omit<Decision, 'reply'> = { writes: [], rows: [], tells: [] };
export const done = (ok: unknown = null): Decision => ({ reply: { ok }, ...nothing });
export const refused = (reply: Refusal): Decision => ({ reply, ...nothing });
