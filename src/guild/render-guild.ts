/** Guilds and invites as the wire has them: every documented key, null rather than absent (wire-rules.md, fields). */
import type { GuildFeature } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import type { GuildRecord, InviteRecord } from '../protocol/records.ts';
import { wireTime } from '../protocol/wire-time.ts';
import { BOUNDS } from './bounds.ts';
import { renderRole, renderUser } from './render-member.ts';
import type { GuildState } from './state.ts';

const encoded = new WeakMap<GuildRecord, string>();

/** What depends on the guild's own record alone. */
export function renderGuildRecord(guild: GuildRecord) {
  return {
    ...guild,
    features: [...guild.features] as GuildFeature[],
    icon_hash: null,
    home_header: null,
    region: 'deprecated',
    application_id: null,
    widget_enabled: false,
    widget_channel_id: null,
    max_presences: null,
    max_members: BOUNDS.members,
    max_video_channel_users: 25,
    max_stage_video_channel_users: 50,
    vanity_url_code: null,
    premium_tier: 0,
    premium_subscription_count: 0,
    premium_progress_bar_enabled_user_updated_at: null,
    nsfw: false,
    hub_type: null,
    incidents_data: null,
    emojis: [],
    stickers: [],
  };
}

/** Made once per record. */
export function guildRecordJson(guild: GuildRecord): string {
  let json = encoded.get(guild);
  if (json === undefined) {
    json = JSON.stringify(renderGuildRecord(guild));
    encoded.set(guild, json);
  }
  return json;
}

/** As GET /guilds/{id}. */
export function renderGuild(state: GuildState, withCounts = false) {
  const roles = [...state.roles.values()].map(renderRole);
  return { ...renderGuildRecord(state.guild), roles, ...(withCounts ? counts(state) : {}) };
}

/** `d` of GUILD_UPDATE. */
export const guildEvent = (state: GuildState): string => JSON.stringify(renderGuild(state));

export const counts = (state: GuildState) => ({
  approximate_member_count: state.members.size,
  approximate_presence_count: state.presences.size,
});

export function renderPreview(state: GuildState) {
  const { id, name, icon, description, splash, discovery_splash, features } = state.guild;
  const own = { id, name, icon, description, home_header: null, splash, discovery_splash, features: [...features] };
  return { ...own, emojis: [], stickers: [], ...counts(state) };
}

/** Milliseconds since 1970; null: never. */
export function inviteEnds(invite: InviteRecord): number | null {
  return invite.max_age === 0 ? null : Date.parse(invite.created_at) + invite.max_age * 1000;
}

export function isInviteAlive(invite: InviteRecord, now: number): boolean {
  const ends = inviteEnds(invite);
  return (ends === null || ends > now) && (invite.max_uses === 0 || invite.uses < invite.max_uses);
}

function inviteGuild(state: GuildState) {
  const { id, name, splash, banner, description, icon, features, verification_level, nsfw_level } = state.guild;
  const own = { id, name, splash, banner, description, icon, features: [...features], verification_level, nsfw_level };
  return { ...own, nsfw: false, vanity_url_code: null, premium_subscription_count: 0 };
}

const inviter = (invite: InviteRecord) => (invite.inviter === null ? {} : { inviter: renderUser(invite.inviter) });

function ending(invite: InviteRecord): string | null {
  const ends = inviteEnds(invite);
  return ends === null ? null : wireTime(ends);
}

/** An invite with what it leads to, as anybody may read it. */
export function renderInvite(state: GuildState, invite: InviteRecord, withCounts = false) {
  const channel = state.channels.get(invite.channel_id);
  return {
    type: 0,
    code: invite.code,
    ...inviter(invite),
    expires_at: ending(invite),
    flags: 0,
    guild: inviteGuild(state),
    guild_id: state.guild.id,
    channel: { id: invite.channel_id, type: channel?.type ?? 0, name: channel?.name ?? null },
    ...(withCounts ? counts(state) : {}),
  };
}

/** With what only those see who run the guild. */
export function renderFullInvite(state: GuildState, invite: InviteRecord) {
  const { uses, max_uses, max_age, temporary, created_at } = invite;
  return { ...renderInvite(state, invite), uses, max_uses, max_age, temporary, created_at };
}

/** `d` of INVITE_CREATE. */
export function inviteEvent(guildId: Snowflake, invite: InviteRecord): string {
  const { channel_id, code, created_at, max_age, max_uses, temporary, uses } = invite;
  const own = { channel_id, code, created_at, guild_id: guildId, max_age, max_uses, temporary, uses };
  return JSON.stringify({ ...own, ...inviter(invite), type: 0, expires_at: ending(invite) });
}
