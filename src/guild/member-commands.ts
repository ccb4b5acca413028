/** Members join without an invite, change, get and lose roles, leave and are kicked. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { By, GuildCommand, MemberPatch } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MemberRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { wireTime } from '../protocol/wire-time.ts';
import { BOUNDS } from './bounds.ts';
import { channelFor, guildRefusal, isRefusal, isVoice, memberFor } from './guards.ts';
import { isAboveMember } from './hierarchy.ts';
import { admit, dismiss } from './join.ts';
import { patchRefusal, rolesRefusal } from './member-rules.ts';
import { Outcome, thing } from './outcome.ts';
import { memberEvent, renderMember } from './render-member.ts';
import type { GuildState } from './state.ts';
import { sightOf } from './visibility.ts';
import { visibilityRows } from './visibility-rows.ts';
import { connect, disconnect, repeatVoice } from './voice-commands.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export function addMember(state: GuildState, command: Of<'addMember'>, turn: Turn): Decision {
  const { by, user, nick = null, roles = [] } = command;
  const no = guildRefusal(state, by.id, turn.now, user.bot ? P.ManageGuild : P.CreateInstantInvite);
  if (no) return refused(no);
  const member = state.members.get(user.id);
  if (member !== undefined) return done(renderMember(member));
  const mayNot =
    (nick === null ? null : guildRefusal(state, by.id, turn.now, P.ManageNicknames)) ??
    rolesRefusal(state, by, [], roles, turn.now);
  if (mayNot) return refused(mayNot);
  if (state.bans.has(user.id)) return refused(refuse('userBanned'));
  if (state.members.size >= BOUNDS.members) return refused(refuse('maxMembers'));
  const outcome = new Outcome(turn);
  return outcome.done(renderMember(admit(state, outcome, user, turn.now, { nick, roles: [...new Set(roles)] })));
}

export function updateMember(state: GuildState, command: Of<'updateMember'>, turn: Turn): Decision {
  const { by, userId, patch } = command;
  const member = memberFor(state, by.id, userId, turn.now);
  if (isRefusal(member)) return refused(member);
  const no = patchRefusal(state, by, member, patch, turn.now) ?? moveRefusal(state, by, patch, turn.now);
  if (no) return refused(no);
  const after: MemberRecord = {
    ...member,
    nick: patch.nick === undefined ? member.nick : patch.nick || null,
    roles: patch.roles === undefined ? member.roles : [...new Set(patch.roles ?? [])],
    mute: patch.mute ?? member.mute,
    deaf: patch.deaf ?? member.deaf,
    flags: patch.flags ?? member.flags,
    communication_disabled_until: until(member, patch),
  };
  const outcome = new Outcome(turn);
  if (JSON.stringify(after) !== JSON.stringify(member)) replaceMember(state, outcome, after);
  const isHeard = after.mute !== member.mute || after.deaf !== member.deaf;
  if (patch.channel_id === undefined) {
    if (isHeard) repeatVoice(state, outcome, userId);
  } else move(state, outcome, userId, patch.channel_id);
  return outcome.done(renderMember(after));
}

/** In the one form that every client reads. */
function until(member: MemberRecord, { communication_disabled_until: wanted }: MemberPatch): string | null {
  if (wanted === undefined) return member.communication_disabled_until;
  return wanted === null ? null : wireTime(Date.parse(wanted));
}

function moveRefusal(state: GuildState, by: By, { channel_id }: MemberPatch, now: number): Refusal | null {
  if (channel_id === undefined || channel_id === null) return null;
  const channel = channelFor(state, by.id, channel_id, now, P.Connect);
  if (isRefusal(channel)) return channel;
  return isVoice(channel) ? null : refuse('wrongChannelType');
}

function move(state: GuildState, outcome: Outcome, userId: Snowflake, channelId: Snowflake | null): void {
  const voice = state.voice.get(userId);
  if (voice === undefined) return;
  if (channelId === null) disconnect(state, outcome, userId);
  else connect(state, outcome, { ...voice, channelId });
}

/**
 * Writes, tells, and moves the channels that he alone gains or loses. A bot hears of itself whatever its intents are.
 * `seq` 0: the membership keeps the row that made it.
 */
export function replaceMember(state: GuildState, outcome: Outcome, after: MemberRecord): void {
  const guildId = state.guild.id;
  const userId = after.user.id;
  const member = state.members.get(userId);
  if (member === undefined) return;
  const isRegarded = member.roles.join() !== after.roles.join();
  const before = isRegarded ? sightOf(state, new Map([[userId, member]])) : null;
  state.members.set(userId, after);
  outcome.write({ w: 'putMember', guildId, member: after, seq: 0 });
  const full = after.user.bot ? [userId] : null;
  outcome.event(guildTopic(guildId), 'GUILD_MEMBER_UPDATE', memberEvent(guildId, after), {
    note: thing('member', userId),
    full,
  });
  if (before !== null) for (const row of visibilityRows(before, state)) outcome.row(row);
}

export function setMemberRole(
  state: GuildState,
  command: Of<'addMemberRole' | 'removeMemberRole'>,
  turn: Turn,
): Decision {
  const { by, userId, roleId } = command;
  const no = guildRefusal(state, by.id, turn.now, P.ManageRoles);
  if (no) return refused(no);
  const member = memberFor(state, by.id, userId, turn.now);
  if (isRefusal(member)) return refused(member);
  if (!state.roles.has(roleId)) return refused(refuse('unknownRole'));
  const others = member.roles.filter((id) => id !== roleId);
  const roles = command.kind === 'addMemberRole' ? [...others, roleId] : others;
  if (roles.length === member.roles.length) return done();
  const mayNot = rolesRefusal(state, by, member.roles, roles, turn.now);
  if (mayNot) return refused(mayNot);
  const outcome = new Outcome(turn);
  replaceMember(state, outcome, { ...member, roles });
  return outcome.done();
}

export function removeMember(state: GuildState, command: Of<'removeMember'>, turn: Turn): Decision {
  const { by, userId } = command;
  const isSelf = by.id === userId;
  const no = guildRefusal(state, by.id, turn.now, isSelf ? 0n : P.KickMembers);
  if (no) return refused(no);
  if (!state.members.has(userId)) return refused(refuse('unknownMember'));
  if (isSelf ? userId === state.guild.owner_id : !isAboveMember(state, by.id, userId))
    return refused(refuse('missingPermissions'));
  const outcome = new Outcome(turn);
  dismiss(state, outcome, userId);
  return outcome.done();
}

/** His name or picture changed; said by his own actor. */
export function userChanged(state: GuildState, command: Of<'userChanged'>, turn: Turn): Decision {
  const member = state.members.get(command.user.id);
  if (member === undefined) return done();
  const outcome = new Outcome(turn);
  replaceMember(state, outcome, { ...member, user: command.user });
  return outcome.done();
}
