/** Roles are made, changed, sorted and deleted, by who stands above them and only with bits he holds. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { GuildCommand, RolePatch } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { parsePermissions } from '../protocol/permission-bits.ts';
import type { MemberRecord, RoleRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { BOUNDS } from './bounds.ts';
import { guildBits, guildRefusal, holds, isRefusal } from './guards.ts';
import { newRole } from './guild-commands.ts';
import { isAboveRole } from './hierarchy.ts';
import { LITERAL, Outcome, thing } from './outcome.ts';
import { roleBits } from './permissions.ts';
import { renderRole, roleEvent } from './render-member.ts';
import type { GuildState } from './state.ts';
import { sightOf, TOPIC_BITS } from './visibility.ts';
import { visibilityRows } from './visibility-rows.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export function createRole(state: GuildState, command: Of<'createRole'>, turn: Turn): Decision {
  const { by, patch } = command;
  const no = guildRefusal(state, by.id, turn.now, P.ManageRoles);
  if (no) return refused(no);
  if (state.roles.size >= BOUNDS.roles) return refused(refuse('maxRoles'));
  const everyone = state.roles.get(state.guild.id);
  const blank = newRole(turn.mint(state.guild.id), 'new role', 0n, 1);
  const permissions = patch.permissions ?? everyone?.permissions ?? '0';
  const role = patched(blank, { ...patch, permissions }, guildBits(state, by.id, turn.now), patch.permissions == null);
  if (isRefusal(role)) return refused(role);
  const outcome = new Outcome(turn);
  putRole(state, outcome, role, 'GUILD_ROLE_CREATE');
  return outcome.done(renderRole(role));
}

/** `isGiven`: the bits are the guild's own default, not a wish of whoever asks. */
function patched(role: RoleRecord, patch: RolePatch, own: bigint, isGiven = false): RoleRecord | Refusal {
  const wanted = patch.permissions == null ? roleBits(role) : parsePermissions(patch.permissions);
  if (wanted === null) return refuseField(['permissions'], 'PERMISSIONS_INVALID', 'Not a set of permissions');
  if (!isGiven && !holds(own, wanted ^ roleBits(role))) return refuse('missingPermissions');
  const primary = patch.colors?.primary_color ?? patch.color ?? role.color;
  const secondary = patch.colors === undefined ? role.colors.secondary_color : (patch.colors?.secondary_color ?? null);
  const tertiary = patch.colors === undefined ? role.colors.tertiary_color : (patch.colors?.tertiary_color ?? null);
  return {
    ...role,
    name: patch.name ?? role.name,
    permissions: wanted.toString(),
    color: primary,
    colors: { primary_color: primary, secondary_color: secondary, tertiary_color: tertiary },
    hoist: patch.hoist ?? role.hoist,
    mentionable: patch.mentionable ?? role.mentionable,
    icon: patch.icon === undefined ? role.icon : patch.icon,
    unicode_emoji: patch.unicode_emoji === undefined ? role.unicode_emoji : patch.unicode_emoji,
  };
}

function putRole(
  state: GuildState,
  outcome: Outcome,
  role: RoleRecord,
  t: 'GUILD_ROLE_CREATE' | 'GUILD_ROLE_UPDATE',
): void {
  const guildId = state.guild.id;
  state.roles.set(role.id, role);
  outcome.write({ w: 'putRole', guildId, role });
  outcome.event(guildTopic(guildId), t, roleEvent(guildId, role), { note: thing('role', role.id) });
}

/** A role that he may act on. */
function roleFor(state: GuildState, by: Snowflake, roleId: Snowflake, now: number): RoleRecord | Refusal {
  const no = guildRefusal(state, by, now, P.ManageRoles);
  if (no) return no;
  const role = state.roles.get(roleId);
  if (role === undefined) return refuse('unknownRole');
  return isAboveRole(state, by, role) || roleId === state.guild.id ? role : refuse('missingPermissions');
}

export function updateRole(state: GuildState, command: Of<'updateRole'>, turn: Turn): Decision {
  const { by, roleId, patch } = command;
  const role = roleFor(state, by.id, roleId, turn.now);
  if (isRefusal(role)) return refused(role);
  const after = patched(role, patch, guildBits(state, by.id, turn.now));
  if (isRefusal(after)) return refused(after);
  const outcome = new Outcome(turn);
  const isRegarded = ((roleBits(role) ^ roleBits(after)) & TOPIC_BITS) !== 0n;
  const before = isRegarded ? sightOf(state, holdersOf(state, roleId)) : null;
  putRole(state, outcome, after, 'GUILD_ROLE_UPDATE');
  if (before !== null) for (const row of visibilityRows(before, state)) outcome.row(row);
  return outcome.done(renderRole(after));
}

/** All members when it is @everyone. */
function holdersOf(state: GuildState, roleId: Snowflake): ReadonlyMap<Snowflake, MemberRecord> {
  if (roleId === state.guild.id) return state.members;
  return new Map([...state.members].filter(([, member]) => member.roles.includes(roleId)));
}

/** It leaves its members and the overwrites that name it. */
export function deleteRole(state: GuildState, command: Of<'deleteRole'>, turn: Turn): Decision {
  const { by, roleId } = command;
  const role = roleFor(state, by.id, roleId, turn.now);
  if (isRefusal(role)) return refused(role);
  if (roleId === state.guild.id || role.managed) return refused(refuse('invalidRole'));
  const outcome = new Outcome(turn);
  const guildId = state.guild.id;
  const holders = holdersOf(state, roleId);
  const named = [...state.channels.values()].filter((c) => c.permission_overwrites.some(({ id }) => id === roleId));
  const before = sightOf(state, holders);
  state.roles.delete(roleId);
  outcome.write({ w: 'deleteRole', guildId, roleId });
  for (const channel of named) {
    const after = {
      ...channel,
      permission_overwrites: channel.permission_overwrites.filter(({ id }) => id !== roleId),
    };
    state.channels.set(channel.id, after);
    outcome.write({ w: 'putChannel', channel: after });
  }
  const d = JSON.stringify({ guild_id: guildId, role_id: roleId });
  outcome.event(guildTopic(guildId), 'GUILD_ROLE_DELETE', d, { note: LITERAL });
  for (const row of visibilityRows(before, state)) outcome.row(row);
  // Clients take the role from members and overwrites themselves (discord.js GuildRoleDelete); so there are no events for each.
  for (const [id, member] of holders) {
    const after = { ...member, roles: member.roles.filter((held) => held !== roleId) };
    state.members.set(id, after);
    outcome.write({ w: 'putMember', guildId, member: after, seq: 0 });
  }
  return outcome.done();
}

/** Roles above one's own stay where they are, and nothing is lifted above it. */
export function moveRoles(state: GuildState, command: Of<'moveRoles'>, turn: Turn): Decision {
  const { by, moves } = command;
  const no = guildRefusal(state, by.id, turn.now, P.ManageRoles);
  if (no) return refused(no);
  const moved: RoleRecord[] = [];
  for (const { id, position } of moves) {
    const role = state.roles.get(id);
    if (role === undefined) return refused(refuse('unknownRole'));
    if (id === state.guild.id || position === role.position) continue;
    const after = { ...role, position: Math.max(1, position) };
    if (!isAboveRole(state, by.id, role) || !isAboveRole(state, by.id, after))
      return refused(refuse('missingPermissions'));
    moved.push(after);
  }
  const outcome = new Outcome(turn);
  for (const role of moved) putRole(state, outcome, role, 'GUILD_ROLE_UPDATE');
  return outcome.done([...state.roles.values()].map(renderRole));
}
