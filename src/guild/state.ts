/** A guild in memory. Owned by its actor; only `decide` and what it calls change it. A DM has its own, smaller state (dm-state.ts). */

import type { UserPresence } from '../protocol/commands.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type {
  BanRecord,
  ChannelRecord,
  GuildRecord,
  InviteRecord,
  MemberRecord,
  RoleRecord,
} from '../protocol/records.ts';
import type { MessageCache } from './message-cache.ts';

export interface VoiceState {
  readonly user: Snowflake;
  readonly session: string;
  readonly channelId: Snowflake;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  readonly selfVideo: boolean;
}

export interface KnownPresence {
  readonly version: number;
  readonly presence: UserPresence;
}

export interface GuildState {
  guild: GuildRecord;
  readonly channels: Map<Snowflake, ChannelRecord>;
  readonly roles: Map<Snowflake, RoleRecord>;
  readonly members: Map<Snowflake, MemberRecord>;
  readonly bans: Map<Snowflake, BanRecord>;
  readonly invites: Map<string, InviteRecord>;
  /** By user. Die with the owner; attach brings them again. */
  readonly voice: Map<Snowflake, VoiceState>;
  /** Members of whose voice this load has decided: what sessions bring of earlier loads is older. */
  readonly voiceDecided: Set<Snowflake>;
  /** Only who is not offline. */
  readonly presences: Map<Snowflake, KnownPresence>;
  /** Recent messages and what commands needed, kept true by this owner's own writes. */
  readonly messages: MessageCache;
  /** Slow mode: `channel:user` -> when he last wrote, milliseconds. Bounded; old entries leave. */
  readonly lastWrote: Map<string, number>;
  /** Per channel: id of the last committed change to its messages (create, edit, delete, reaction, pin): the generation of reads. */
  readonly generations: Map<Snowflake, Snowflake>;
}
