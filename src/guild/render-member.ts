/** Users, members, roles, voice states and presences as the wire has them: every documented key (wire-rules.md, fields). */
import type { APIGuildMember, APIRole, APIUser } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import type { BanRecord, MemberRecord, PublicUser, RoleRecord } from '../protocol/records.ts';
import type { GuildState, KnownPresence, VoiceState } from './state.ts';

const members = new WeakMap<MemberRecord, string>();
const roles = new WeakMap<RoleRecord, string>();
const presences = new WeakMap<KnownPresence, string>();

export function renderUser(user: PublicUser): APIUser {
  const more = { avatar_decoration_data: null, collectibles: null, primary_guild: null };
  return { ...user, flags: user.public_flags, ...more };
}

export function renderMember(member: MemberRecord): APIGuildMember {
  return {
    user: renderUser(member.user),
    nick: member.nick,
    avatar: member.avatar,
    banner: member.banner,
    avatar_decoration_data: null,
    collectibles: null,
    roles: [...member.roles],
    joined_at: member.joined_at,
    premium_since: member.premium_since,
    deaf: member.deaf,
    mute: member.mute,
    flags: member.flags,
    pending: member.pending,
    communication_disabled_until: member.communication_disabled_until,
  };
}

/** Made once per record. */
export function memberJson(member: MemberRecord): string {
  let json = members.get(member);
  if (json === undefined) {
    json = JSON.stringify(renderMember(member));
    members.set(member, json);
  }
  return json;
}

/** A member as events have him. */
export const memberEvent = (guildId: Snowflake, member: MemberRecord): string => withGuild(guildId, memberJson(member));

/** `guild_id` in front of an object that is already encoded. */
export const withGuild = (guildId: Snowflake, json: string): string => `{"guild_id":"${guildId}",${json.slice(1)}`;

export function renderRole(role: RoleRecord): APIRole {
  const { tags, colors, ...rest } = role;
  return { ...rest, colors: { ...colors }, ...(tags === undefined ? {} : { tags: { ...tags } }) };
}

export function roleJson(role: RoleRecord): string {
  let json = roles.get(role);
  if (json === undefined) {
    json = JSON.stringify(renderRole(role));
    roles.set(role, json);
  }
  return json;
}

/** `d` of GUILD_ROLE_CREATE and GUILD_ROLE_UPDATE. */
export const roleEvent = (guildId: Snowflake, role: RoleRecord): string =>
  `{"guild_id":"${guildId}","role":${roleJson(role)}}`;

export const renderBan = (ban: BanRecord) => ({ user: renderUser(ban.user), reason: ban.reason });

/** `channelId` null: the state of who just left. */
export function renderVoice(state: GuildState, voice: VoiceState, channelId: Snowflake | null) {
  const member = state.members.get(voice.user);
  return {
    guild_id: state.guild.id,
    channel_id: channelId,
    user_id: voice.user,
    ...(member === undefined ? {} : { member: renderMember(member) }),
    session_id: voice.session,
    deaf: member?.deaf ?? false,
    mute: member?.mute ?? false,
    self_deaf: voice.selfDeaf,
    self_mute: voice.selfMute,
    self_stream: false,
    self_video: voice.selfVideo,
    suppress: false,
    request_to_speak_timestamp: null,
  };
}

/** Of GUILD_CREATE: without guild and member, which the same event has. */
export function voiceJson(state: GuildState, voice: VoiceState): string {
  const { guild_id: _guild, member: _member, ...rest } = renderVoice(state, voice, voice.channelId);
  return JSON.stringify(rest);
}

/** A presence as GUILD_CREATE and chunks have it. `activities` is JSON already. */
export function presenceJson(user: Snowflake, known: KnownPresence): string {
  let json = presences.get(known);
  if (json === undefined) {
    const { status, activities, client_status } = known.presence;
    const head = `{"user":{"id":"${user}"},"status":"${status}"`;
    json = `${head},"activities":${activities},"client_status":${JSON.stringify(client_status)}}`;
    presences.set(known, json);
  }
  return json;
}
