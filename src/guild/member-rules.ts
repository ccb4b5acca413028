/** May he change this of that member? One check per field of a patch. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { By, MemberPatch } from '../protocol/commands.ts';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { MemberRecord } from '../protocol/records.ts';
import { BOUNDS } from './bounds.ts';
import { guildBits } from './guards.ts';
import { isAboveMember, isAboveRole } from './hierarchy.ts';
import { basePermissions } from './permissions.ts';
import type { GuildState } from './state.ts';

/** The roles differ only in what he may give and take. */
export function rolesRefusal(
  state: GuildState,
  by: By,
  had: readonly Snowflake[],
  wanted: readonly Snowflake[],
  now: number,
): Refusal | null {
  const changed = [...wanted.filter((id) => !had.includes(id)), ...had.filter((id) => !wanted.includes(id))];
  if (changed.length > 0 && !hasBits(guildBits(state, by.id, now), P.ManageRoles)) return refuse('missingPermissions');
  for (const id of changed) {
    const role = state.roles.get(id);
    if (role === undefined) return refuse('unknownRole');
    if (id === state.guild.id) return refuse('invalidRole');
    if (role.managed || !isAboveRole(state, by.id, role)) return refuse('missingPermissions');
  }
  return null;
}

export function patchRefusal(
  state: GuildState,
  by: By,
  member: MemberRecord,
  patch: MemberPatch,
  now: number,
): Refusal | null {
  const own = guildBits(state, by.id, now);
  const lacks = (bit: bigint): boolean => !hasBits(own, bit);
  const { nick, roles, mute, deaf, channel_id, communication_disabled_until: until, flags } = patch;
  if (nick !== undefined && !mayRename(state, by, member, own)) return refuse('missingPermissions');
  if (roles !== undefined) {
    const no = rolesRefusal(state, by, member.roles, roles ?? [], now);
    if (no) return no;
  }
  if (mute != null && lacks(P.MuteMembers)) return refuse('missingPermissions');
  if (deaf != null && lacks(P.DeafenMembers)) return refuse('missingPermissions');
  if (channel_id !== undefined && lacks(P.MoveMembers)) return refuse('missingPermissions');
  const isVoiced = mute != null || deaf != null || channel_id !== undefined;
  if (isVoiced && !state.voice.has(member.user.id)) return refuse('notInVoice');
  if (flags !== undefined && lacks(P.ModerateMembers) && lacks(P.ManageGuild)) return refuse('missingPermissions');
  return until === undefined ? null : timeoutRefusal(state, by, member, until, own, now);
}

function mayRename(state: GuildState, by: By, member: MemberRecord, own: bigint): boolean {
  if (by.id === member.user.id) return hasBits(own, P.ChangeNickname) || hasBits(own, P.ManageNicknames);
  return hasBits(own, P.ManageNicknames) && isAboveMember(state, by.id, member.user.id);
}

function timeoutRefusal(
  state: GuildState,
  by: By,
  member: MemberRecord,
  until: string | null,
  own: bigint,
  now: number,
): Refusal | null {
  const target = member.user.id;
  if (!hasBits(own, P.ModerateMembers) || by.id === target || !isAboveMember(state, by.id, target))
    return refuse('missingPermissions');
  if (until === null) return null;
  if (hasBits(basePermissions(state, target), P.Administrator)) return refuse('missingPermissions');
  const ends = Date.parse(until);
  if (ends <= now + BOUNDS.timeoutMs) return null;
  return refuseField(['communication_disabled_until'], 'MEMBER_TIMEOUT_TOO_LONG', 'A time-out ends within 28 days');
}
