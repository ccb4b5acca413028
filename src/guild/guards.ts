/**
 * May he? Permission comes before existence: who is no member learns nothing of a guild but that it is unknown to him, and of a channel he
 * cannot see only that he has no access.
 */
import { ChannelType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { ALL_PERMISSIONS, hasBits } from '../protocol/permission-bits.ts';
import type { ChannelRecord, MemberRecord } from '../protocol/records.ts';
import { SERVER } from './hierarchy.ts';
import { channelPermissions, guildPermissions } from './permissions.ts';
import type { GuildState } from './state.ts';
import { seesChannel } from './visibility.ts';

export const isRefusal = (value: object): value is Refusal => 'refused' in value;

/** Bits in the guild; the server itself holds all. */
export const guildBits = (state: GuildState, by: Snowflake, now: number): bigint =>
  by === SERVER ? ALL_PERMISSIONS : guildPermissions(state, by, now);

export const channelBits = (state: GuildState, by: Snowflake, channel: ChannelRecord, now: number): bigint =>
  by === SERVER ? ALL_PERMISSIONS : channelPermissions(state, by, channel, now);

/** Null: he is a member and holds these bits in the guild. */
export function guildRefusal(state: GuildState, by: Snowflake, now: number, bits = 0n): Refusal | null {
  if (by === SERVER) return null;
  if (!state.members.has(by)) return refuse('unknownGuild');
  return hasBits(guildPermissions(state, by, now), bits) ? null : refuse('missingPermissions');
}

/** The channel, if he sees it and holds these bits there. */
export function channelFor(
  state: GuildState,
  by: Snowflake,
  channelId: Snowflake,
  now: number,
  bits = 0n,
): ChannelRecord | Refusal {
  if (by !== SERVER && !state.members.has(by)) return refuse('missingAccess');
  const channel = state.channels.get(channelId);
  if (channel === undefined) return refuse('unknownChannel');
  if (by !== SERVER && !seesChannel(state, by, channel)) return refuse('missingAccess');
  return hasBits(channelBits(state, by, channel, now), bits) ? channel : refuse('missingPermissions');
}

/** The member, for somebody who is one himself. */
export function memberFor(state: GuildState, by: Snowflake, userId: Snowflake, now: number): MemberRecord | Refusal {
  return guildRefusal(state, by, now) ?? state.members.get(userId) ?? refuse('unknownMember');
}

export const isCategory = (channel: ChannelRecord): boolean => channel.type === ChannelType.GuildCategory;
export const isVoice = (channel: ChannelRecord): boolean => channel.type === ChannelType.GuildVoice;
export const isText = (channel: ChannelRecord): boolean =>
  channel.type === ChannelType.GuildText || channel.type === ChannelType.GuildAnnouncement;

/** Administrators may give what they do not spell out. */
export const holds = (own: bigint, wanted: bigint): boolean => hasBits(own, P.Administrator) || hasBits(own, wanted);
