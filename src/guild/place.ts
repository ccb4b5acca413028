/** Where messages are: a guild's channel or a DM. The rules of messages are written once, against this. */
import type { EventNote } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MemberRecord, MessageWithReactions, PublicUser } from '../protocol/records.ts';
import type { MessageCache } from './message-cache.ts';
import type { Outcome } from './outcome.ts';

export interface PlaceEvent {
  /** Gateway event name. */
  readonly t: string;
  /** `d` without `guild_id`, which the place adds if it has one. */
  readonly d: object;
  /** Users it is about: the bots among them get it whole. */
  readonly about: readonly Snowflake[];
  /** As in EventDraft. */
  readonly note: EventNote | null;
}

export interface Place {
  readonly guildId: Snowflake | null;
  readonly channelId: Snowflake;
  /** Channel type. */
  readonly type: number;
  readonly messages: MessageCache;
  readonly lastMessageId: Snowflake | null;
  /** Effective bits in this channel at that time (time-outs included); 0n: it does not exist for him. */
  permissions(user: Snowflake, now: number): bigint;
  /** Null: of no interest here (no member, no recipient). */
  person(user: Snowflake): PublicUser | null;
  /** Guilds only. */
  member(user: Snowflake): MemberRecord | null;
  /** May everybody mention it? Null: no such role. */
  mentionable(role: Snowflake): boolean | null;
  /** Milliseconds until slow mode lets him write; 0 if it does. */
  slowFor(user: Snowflake, now: number): number;
  /** He has written now. */
  wrote(user: Snowflake, now: number): void;
  /** Something about its messages has changed: the generation of reads. */
  touch(generation: Snowflake): void;
  /** A new message: also touches. */
  setLast(out: Outcome, message: Snowflake): void;
  /** ISO, or null when nothing is pinned. */
  setLastPin(out: Outcome, at: string | null): void;
  emit(out: Outcome, event: PlaceEvent): void;
}

/** The message in this place, or why not. Not known: its slot was given up while the command waited (message-cache.ts). */
export function findMessage(place: Place, id: Snowflake): MessageWithReactions | Refusal {
  const found = place.messages.message(place.channelId, id);
  if (found === undefined) return refuse('overloaded');
  return found ?? refuse('unknownMessage');
}
