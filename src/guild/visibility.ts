/**
 * Who sees which channel, and what that makes of topics. A channel that every member sees is *public* and has no topic of its own: its events go
 * under the guild's. So the filter of the fan-out is the topic, and permissions are paid when they change, never per message.
 */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import { ALL_PERMISSIONS, hasBits } from '../protocol/permission-bits.ts';
import type { ChannelRecord, MemberRecord } from '../protocol/records.ts';
import { bansTopic, channelTopic, guildTopic } from '../protocol/topics.ts';
import { baseOfMember, overwritesOf, roleBits, type Structure } from './permissions.ts';

/** What visibility depends on. */
export interface Sight extends Structure {
  readonly channels: ReadonlyMap<Snowflake, ChannelRecord>;
}

/** Bits whose change can change who sees a channel. */
export const VIEW_BITS: bigint = P.ViewChannel | P.Administrator;
/** The same, of roles: who holds which topic. */
export const TOPIC_BITS: bigint = VIEW_BITS | P.BanMembers;

/** `base`: of a member. Time-outs do not matter: they end by themselves. */
export const mayBan = (base: bigint): boolean => hasBits(base, P.BanMembers);

const deniesView = new WeakMap<ChannelRecord['permission_overwrites'], boolean>();

function anyDeniesView(channel: ChannelRecord): boolean {
  const list = channel.permission_overwrites;
  let denies = deniesView.get(list);
  if (denies === undefined) {
    denies = [...overwritesOf(channel).values()].some(({ deny }) => hasBits(deny, P.ViewChannel));
    deniesView.set(list, denies);
  }
  return denies;
}

/** True if every member sees it, whatever his roles are. */
export function isPublic(state: Sight, channel: ChannelRecord): boolean {
  const everyone = state.roles.get(state.guild.id);
  return everyone !== undefined && hasBits(roleBits(everyone), P.ViewChannel) && !anyDeniesView(channel);
}

/** The channel's own topic, or null when it is public. */
export const ownTopic = (state: Sight, channel: ChannelRecord): string | null =>
  isPublic(state, channel) ? null : channelTopic(channel.id);

/** The topic under which events of the channel go. */
export const topicOf = (state: Sight, channel: ChannelRecord): string =>
  ownTopic(state, channel) ?? guildTopic(state.guild.id);

/** What an overwrite says of VIEW_CHANNEL alone. Those that say nothing of it are left out. */
interface ViewOverwrite {
  readonly role: boolean;
  readonly sees: boolean;
}

const viewOverwrites = new WeakMap<ChannelRecord['permission_overwrites'], ReadonlyMap<Snowflake, ViewOverwrite>>();

function viewOverwritesOf(channel: ChannelRecord): ReadonlyMap<Snowflake, ViewOverwrite> {
  const list = channel.permission_overwrites;
  let views = viewOverwrites.get(list);
  if (views === undefined) {
    const all = [...overwritesOf(channel)].flatMap(([id, { role, allow, deny }]): [Snowflake, ViewOverwrite][] => {
      const sees = hasBits(allow, P.ViewChannel);
      return sees || hasBits(deny, P.ViewChannel) ? [[id, { role, sees }]] : [];
    });
    views = new Map(all);
    viewOverwrites.set(list, views);
  }
  return views;
}

/**
 * For a channel that is not public. `base`: of this member, computed once for many channels. As `applyOverwrites`, for the one bit: whole guilds are
 * looked through with it in one turn, where numbers of 64 bits take twenty times as long.
 */
export function seesAbove(state: Sight, member: MemberRecord, base: bigint, channel: ChannelRecord): boolean {
  if (base === ALL_PERMISSIONS) return true;
  const views = viewOverwritesOf(channel);
  let byRoles: boolean | null = null;
  for (const id of member.roles) {
    const view = views.get(id);
    if (view?.role && view.sees !== byRoles && byRoles !== true && state.roles.has(id)) byRoles = view.sees;
  }
  const own = views.get(member.user.id);
  if (own !== undefined && !own.role) return own.sees;
  return byRoles ?? views.get(state.guild.id)?.sees ?? hasBits(base, P.ViewChannel);
}

/** Time-outs do not matter: they leave VIEW_CHANNEL. */
export function seesChannel(state: Sight, userId: Snowflake, channel: ChannelRecord): boolean {
  const member = state.members.get(userId);
  if (member === undefined) return false;
  return isPublic(state, channel) || seesAbove(state, member, baseOfMember(state, member), channel);
}

export function visibleChannels(state: Sight, userId: Snowflake): ChannelRecord[] {
  const member = state.members.get(userId);
  if (member === undefined) return [];
  const base = baseOfMember(state, member);
  return [...state.channels.values()].filter((c) => isPublic(state, c) || seesAbove(state, member, base, c));
}

/** The guild's topic, that of its bans if he may ban, and those of the private channels he sees. Empty: not a member. */
export function topicsOf(state: Sight, userId: Snowflake): string[] {
  const member = state.members.get(userId);
  if (member === undefined) return [];
  const { id } = state.guild;
  const own = visibleChannels(state, userId).flatMap((channel) => ownTopic(state, channel) ?? []);
  return [guildTopic(id), ...(mayBan(baseOfMember(state, member)) ? [bansTopic(id)] : []), ...own];
}

/** All who see it. */
export function viewersOf(state: Sight, channel: ChannelRecord): Snowflake[] {
  if (isPublic(state, channel)) return [...state.members.keys()];
  const viewers: Snowflake[] = [];
  for (const [id, member] of state.members) {
    if (seesAbove(state, member, baseOfMember(state, member), channel)) viewers.push(id);
  }
  return viewers;
}

/** The roles and channels of now, kept while the state changes. `members`: who is compared later; their records are those of now. */
export function sightOf(state: Sight, members: ReadonlyMap<Snowflake, MemberRecord> = state.members): Sight {
  return {
    guild: { id: state.guild.id, owner_id: state.guild.owner_id },
    roles: new Map(state.roles),
    channels: new Map(state.channels),
    members,
  };
}
