/** A guild begins, changes and ends. */
import { ChannelType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { GuildCommand, GuildPatch } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import { DEFAULT_EVERYONE } from '../protocol/permission-bits.ts';
import type { GuildGone } from '../protocol/reads.ts';
import type { ChannelRecord, GuildRecord, MemberRecord, PublicUser, RoleRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { wireTime } from '../protocol/wire-time.ts';
import { guildRefusal } from './guards.ts';
import { loadGuild } from './guild-load.ts';
import { SERVER } from './hierarchy.ts';
import { Outcome, thing } from './outcome.ts';
import { guildEvent, renderGuild } from './render-guild.ts';
import type { GuildState } from './state.ts';
import { sightOf } from './visibility.ts';
import { visibilityRows } from './visibility-rows.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export const newMember = (user: PublicUser, now: number): MemberRecord => ({
  user,
  nick: null,
  avatar: null,
  banner: null,
  roles: [],
  joined_at: wireTime(now),
  premium_since: null,
  deaf: false,
  mute: false,
  flags: 0,
  pending: false,
  communication_disabled_until: null,
});

export const newRole = (id: Snowflake, name: string, permissions: bigint, position: number): RoleRecord => ({
  id,
  name,
  color: 0,
  colors: { primary_color: 0, secondary_color: null, tertiary_color: null },
  hoist: false,
  icon: null,
  unicode_emoji: null,
  position,
  permissions: permissions.toString(),
  managed: false,
  mentionable: false,
  flags: 0,
});

/** A channel with the defaults of its type. */
export const newChannel = (own: Pick<ChannelRecord, 'id' | 'guild_id' | 'type' | 'name'>): ChannelRecord => ({
  ...own,
  position: 0,
  parent_id: null,
  topic: null,
  nsfw: false,
  rate_limit_per_user: 0,
  permission_overwrites: [],
  last_message_id: null,
  last_pin_timestamp: null,
  flags: 0,
  bitrate: 64_000,
  user_limit: 0,
  rtc_region: null,
  video_quality_mode: 1,
  default_auto_archive_duration: null,
});

function newGuild(id: Snowflake, name: string, icon: string | null, owner: Snowflake, system: Snowflake): GuildRecord {
  return {
    id,
    name,
    icon,
    splash: null,
    discovery_splash: null,
    banner: null,
    description: null,
    owner_id: owner,
    afk_channel_id: null,
    afk_timeout: 300,
    verification_level: 0,
    default_message_notifications: 0,
    explicit_content_filter: 0,
    mfa_level: 0,
    nsfw_level: 0,
    system_channel_id: system,
    system_channel_flags: 0,
    rules_channel_id: null,
    public_updates_channel_id: null,
    safety_alerts_channel_id: null,
    preferred_locale: 'en-US',
    features: [],
    premium_progress_bar_enabled: false,
  };
}

function firstChannels(
  guildId: Snowflake,
  turn: Turn,
): readonly [ChannelRecord, ChannelRecord, ChannelRecord, ChannelRecord] {
  const channel = (type: number, name: string, parent: ChannelRecord | null, position: number): ChannelRecord => ({
    ...newChannel({ id: turn.mint(guildId), guild_id: guildId, type, name }),
    parent_id: parent?.id ?? null,
    position,
  });
  const texts = channel(ChannelType.GuildCategory, 'Text Channels', null, 0);
  const voices = channel(ChannelType.GuildCategory, 'Voice Channels', null, 1);
  const general = channel(ChannelType.GuildText, 'general', texts, 0);
  return [texts, general, voices, channel(ChannelType.GuildVoice, 'General', voices, 0)];
}

/** The first command of a guild: it has no state before. */
export function createGuild(
  command: Of<'createGuild'>,
  turn: Turn,
): { readonly state: GuildState; readonly decision: Decision } {
  const { by, id, name, icon } = command;
  const channels = firstChannels(id, turn);
  const guild = newGuild(id, name, icon, by.id, channels[1].id);
  const everyone = newRole(id, '@everyone', DEFAULT_EVERYONE, 0);
  const member = newMember(by.self, turn.now);
  const state = loadGuild({ guild, channels, roles: [everyone], members: [member], bans: [], invites: [] });
  const outcome = new Outcome(turn);
  outcome.write({ w: 'putGuild', guild }, { w: 'putRole', guildId: id, role: everyone });
  for (const channel of channels) {
    outcome.write({ w: 'putChannel', channel }, { w: 'putChannelOwner', channelId: channel.id, owner: guildKey(id) });
  }
  const seq = outcome.join(id, by.id);
  outcome.write({ w: 'putMember', guildId: id, member, seq });
  return { state, decision: outcome.done(renderGuild(state)) };
}

/** The state is empty afterwards and its actor has nothing more to decide. */
export function deleteGuild(state: GuildState, command: Of<'deleteGuild'>, turn: Turn): Decision {
  const { by } = command;
  const no = guildRefusal(state, by.id, turn.now);
  if (no) return refused(no);
  if (by.id !== SERVER && by.id !== state.guild.owner_id) return refused(refuse('missingPermissions'));
  const outcome = new Outcome(turn);
  const gone: GuildGone = { channels: [...state.channels.keys()], roles: [...state.roles.keys()] };
  for (const user of state.members.keys()) outcome.leave(state.guild.id, user);
  outcome.write({ w: 'deleteGuild', guildId: state.guild.id });
  for (const part of [state.members, state.channels, state.roles, state.bans, state.invites]) part.clear();
  for (const part of [state.voice, state.voiceDecided, state.presences, state.lastWrote, state.generations])
    part.clear();
  return outcome.done(gone);
}

export function updateGuild(state: GuildState, command: Of<'updateGuild'>, turn: Turn): Decision {
  const { by, patch } = command;
  const no =
    guildRefusal(state, by.id, turn.now, P.ManageGuild) ??
    ownerRefusal(state, by.id, patch) ??
    channelsRefusal(state, patch);
  if (no) return refused(no);
  const { owner_id: ownerBefore } = state.guild;
  const { verification_level, default_message_notifications, explicit_content_filter, preferred_locale, ...rest } =
    patch;
  const after: GuildRecord = {
    ...state.guild,
    ...rest,
    ...(verification_level === undefined ? {} : { verification_level: verification_level ?? 0 }),
    ...(default_message_notifications === undefined
      ? {}
      : { default_message_notifications: default_message_notifications ?? 0 }),
    ...(explicit_content_filter === undefined ? {} : { explicit_content_filter: explicit_content_filter ?? 0 }),
    ...(preferred_locale === undefined ? {} : { preferred_locale: preferred_locale ?? 'en-US' }),
  };
  const outcome = new Outcome(turn);
  const owners = [...state.members].filter(([id]) => id === ownerBefore || id === after.owner_id);
  const before = sightOf(state, new Map(owners));
  state.guild = after;
  outcome.write({ w: 'putGuild', guild: after });
  outcome.event(guildTopic(after.id), 'GUILD_UPDATE', guildEvent(state), { note: thing('guild', after.id) });
  if (ownerBefore !== after.owner_id) for (const row of visibilityRows(before, state)) outcome.row(row);
  return outcome.done(renderGuild(state));
}

function ownerRefusal(state: GuildState, by: Snowflake, patch: GuildPatch): Refusal | null {
  if (patch.owner_id === undefined || patch.owner_id === state.guild.owner_id) return null;
  if (by !== SERVER && by !== state.guild.owner_id) return refuse('missingPermissions');
  const next = state.members.get(patch.owner_id);
  if (next === undefined) return refuse('unknownMember');
  return next.user.bot ? refuseField(['owner_id'], 'BOT_OWNER', 'A bot cannot own a guild') : null;
}

const NAMED_CHANNELS = [
  ['afk_channel_id', ChannelType.GuildVoice],
  ['system_channel_id', ChannelType.GuildText],
  ['rules_channel_id', ChannelType.GuildText],
  ['public_updates_channel_id', ChannelType.GuildText],
  ['safety_alerts_channel_id', ChannelType.GuildText],
] as const;

function channelsRefusal(state: GuildState, patch: GuildPatch): Refusal | null {
  for (const [key, type] of NAMED_CHANNELS) {
    const id = patch[key];
    if (id === undefined || id === null || state.channels.get(id)?.type === type) continue;
    return refuseField([key], 'CHANNEL_INVALID', 'No such channel of this type');
  }
  return null;
}

/** Settings of the guild that name this channel no longer do. Null: none does. */
export function withoutChannel(guild: GuildRecord, channelId: Snowflake): GuildRecord | null {
  const gone = NAMED_CHANNELS.filter(([key]) => guild[key] === channelId);
  return gone.length === 0 ? null : { ...guild, ...Object.fromEntries(gone.map(([key]) => [key, null])) };
}
