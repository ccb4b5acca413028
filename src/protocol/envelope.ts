/**
 * What owners, workers and links say to each other about rows and attach. The words are those of docs/ARCHITECTURE.md:
 * a row is one decision of an owner, numbered (epoch, count); one row is one entry per interested worker.
 */
import type { OwnerKey, SessionId, Snowflake, WorkerId } from './ids.ts';
import type { CarriedVoice } from './voice.ts';

/** Rows of one load of an actor; a load that reaches it is ended and the actor loaded again with a new epoch. */
export const COUNT_PER_EPOCH = 2 ** 24;
export const seqOf = (epoch: number, count: number): number => epoch * COUNT_PER_EPOCH + count;
export const epochOf = (seq: number): number => Math.floor(seq / COUNT_PER_EPOCH);

/** The shared part of a dispatch. */
export interface Body {
  /** Event name, or an internal one (see INTERNAL below). */
  readonly t: string;
  /** JSON text of `d`. */
  readonly d: string;
  /** Class of the event: the intent bits of which one must be in the session's mask. 0: everybody who holds the topic. */
  readonly cls: number;
  /** The few users who get it, whole (message content included), whatever their mask says. */
  readonly full: readonly Snowflake[] | null;
}

/** What a session wishes of one owner: a mask of event classes (events.ts: tokenMask for tokens with intents, PERSON_EVENTS for people). */
export type Mask = number;
/** Every class, message content included. */
export const ALL_EVENTS: Mask = 0x7fff_ffff;

export interface Held {
  readonly topics: readonly string[];
  readonly mask: Mask;
}

/** A session asks an owner for its events. Told to the owner key; the answer comes as a relay on the owner's link. */
export interface AttachAsk {
  /** Unique on the asking worker: only the answer to the latest ask counts. */
  readonly ask: number;
  readonly session: SessionId;
  readonly user: Snowflake;
  readonly worker: WorkerId;
  /** How often the session has moved: a late ask of an earlier residence must not win. */
  readonly hop: number;
  readonly mask: Mask;
  /** Last row of this owner that the session has; null: from a snapshot. */
  readonly since: number | null;
  /** Topics and mask held when it stopped; null with `since`. */
  readonly held: Held | null;
  /** True: a person's session (READY in full, no intents). */
  readonly person: boolean;
  /** What the owner keeps only in memory and the session carries: for `u:` its presence, for `g:` its voice state. */
  readonly carried: Carried | null;
}

/** State that dies with its owner and is brought again by attach. */
export interface Carried {
  /** This session's own presence: a guild takes it, with those of his other sessions, until the user's own actor says what they are together. */
  readonly presence: SessionPresence | null;
  /** For a guild: where the session was in voice when an earlier load said it last. */
  readonly voice: CarriedVoice | null;
}

export interface SessionPresence {
  readonly status: 'online' | 'idle' | 'dnd' | 'invisible' | 'offline';
  /** JSON text of the activities array. */
  readonly activities: string;
  readonly afk: boolean;
  readonly since: number | null;
  readonly client: 'desktop' | 'mobile' | 'web';
}

/** One row as one worker hears it. `n` counts what this owner's load has sent this worker, from 1: a jump is a hole. */
export interface Relay {
  readonly owner: OwnerKey;
  readonly epoch: number;
  readonly n: number;
  readonly seq: number;
  readonly entry: RelayEntry;
  /** The owner has the next batch in hand: its rows come within a commit. Only a hint to whoever gathers. */
  readonly followed?: true;
}

export type RelayEntry =
  | { readonly kind: 'event'; readonly topic: string; readonly body: Body }
  | MovesEntry
  /** The user is not a member any more: GUILD_DELETE for these. */
  | { readonly kind: 'leave'; readonly sessions: readonly SessionId[] }
  /** From a user actor to that user's sessions: a guild was joined (row `seq` of that guild): attach to it. */
  | { readonly kind: 'joined'; readonly guild: OwnerKey; readonly seq: number }
  | AnswerEntry;

/**
 * Who gains and who loses one channel. Topics: null means "public", the guild's own topic carries the channel.
 * Sessions attached to this owner: in `lost`: release `from`, owe CHANNEL_DELETE `deleted`. In `gained`: owe CHANNEL_CREATE `created`, hold `to`.
 * Any other: if it saw the channel (`from` null, or holds `from`) and from !== to: release `from`, hold `to`, silently.
 */
export interface MovesEntry {
  readonly kind: 'moves';
  readonly channel: Snowflake;
  readonly from: string | null;
  readonly to: string | null;
  readonly gained: readonly SessionId[];
  readonly lost: readonly SessionId[];
  /** Both null: nobody is told. */
  readonly created: Body | null;
  readonly deleted: Body | null;
}

export interface AnswerEntry {
  readonly kind: 'answer';
  readonly ask: number;
  readonly session: SessionId;
  readonly hop: number;
  readonly mask: Mask;
  /** What was missed since `since`, in order; null: no longer known, the session cannot go on (op 9). */
  readonly missed: readonly Body[] | null;
  /** GUILD_CREATE for a guild; for a user actor the internal READY part (JSON of `UserSnapshot` in protocol/snapshots.ts). Null: nothing new since `since`. */
  readonly create: Body | null;
  /** For a user actor: the guilds and the row of each that made the membership. Null from other owners. */
  readonly guilds: readonly (readonly [OwnerKey, number])[] | null;
  /** Topics to hold from now on. Empty: not a member. */
  readonly topics: readonly string[];
  /** Where the owner has the session in voice: what it brings to a later load. */
  readonly voice: CarriedVoice | null;
}

/** A full link refused an entry and leaves this where it was. */
export interface RefusedMark {
  readonly owner: OwnerKey;
  /** The session whose answer was swallowed: a worker that does not know it has the owner forget it. */
  readonly swallowed: { readonly session: SessionId; readonly hop: number } | null;
}

/** What an outlet takes, in order. */
export type OutletEntry =
  | { readonly what: 'relay'; readonly relay: Relay }
  | { readonly what: 'refused'; readonly mark: RefusedMark }
  /** A load: announced to every worker before anything else of that epoch. */
  | {
      readonly what: 'placed';
      readonly owner: OwnerKey;
      readonly worker: WorkerId;
      readonly epoch: number;
      /** It takes over: each worker says `asked` when its sessions have asked, also when it has none. */
      readonly takesOver?: true;
    };

/** Told to an owner about attach; go through its mailbox as turns, but not through `decide`. */
export type InterestTell =
  | { readonly kind: 'attach'; readonly ask: AttachAsk }
  /** `user`: whose session it was; absent where only the owner can know. */
  | { readonly kind: 'forget'; readonly session: SessionId; readonly hop: number; readonly user?: Snowflake }
  /** All sessions of this worker that knew an earlier load have asked. */
  | { readonly kind: 'asked'; readonly worker: WorkerId; readonly epoch: number };
