/** The permission algorithm (wire-rules.md, permissions; docs/topics/permissions), as pure functions on bigint. */
import { ChannelType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import { ALL_PERMISSIONS, hasBits } from '../protocol/permission-bits.ts';
import type { ChannelRecord, GuildRecord, MemberRecord, RoleRecord } from '../protocol/records.ts';

/** The part of a guild that permissions depend on. A GuildState is one; so is a picture of what was before a change. */
export interface Structure {
  readonly guild: Pick<GuildRecord, 'id' | 'owner_id'>;
  readonly roles: ReadonlyMap<Snowflake, RoleRecord>;
  readonly members: ReadonlyMap<Snowflake, MemberRecord>;
}

export interface ParsedOverwrite {
  readonly role: boolean;
  readonly allow: bigint;
  readonly deny: bigint;
}

const MEMBER_OVERWRITE = 1;
const WITHOUT_SEND = ~(P.MentionEveryone | P.SendTTSMessages | P.AttachFiles | P.EmbedLinks);
const TIMED_OUT = P.ViewChannel | P.ReadMessageHistory;

/** Records are never changed, only replaced: what is derived from one may be kept as long as it lives. */
const parsedRoles = new WeakMap<RoleRecord, bigint>();
const parsedOverwrites = new WeakMap<ChannelRecord['permission_overwrites'], ReadonlyMap<Snowflake, ParsedOverwrite>>();

export function roleBits(role: RoleRecord): bigint {
  let bits = parsedRoles.get(role);
  if (bits === undefined) {
    bits = BigInt(role.permissions);
    parsedRoles.set(role, bits);
  }
  return bits;
}

export function overwritesOf(channel: ChannelRecord): ReadonlyMap<Snowflake, ParsedOverwrite> {
  const list = channel.permission_overwrites;
  let parsed = parsedOverwrites.get(list);
  if (parsed === undefined) {
    parsed = new Map(
      list.map((o) => [o.id, { role: o.type !== MEMBER_OVERWRITE, allow: BigInt(o.allow), deny: BigInt(o.deny) }]),
    );
    parsedOverwrites.set(list, parsed);
  }
  return parsed;
}

/** Bits in the whole guild, time-outs aside. 0n for who is no member. */
export function basePermissions(state: Structure, userId: Snowflake): bigint {
  const member = state.members.get(userId);
  return member === undefined ? 0n : baseOfMember(state, member);
}

export function baseOfMember(state: Structure, member: MemberRecord): bigint {
  if (member.user.id === state.guild.owner_id) return ALL_PERMISSIONS;
  const everyone = state.roles.get(state.guild.id);
  let bits = everyone === undefined ? 0n : roleBits(everyone);
  for (const id of member.roles) {
    const role = state.roles.get(id);
    if (role !== undefined) bits |= roleBits(role);
  }
  return hasBits(bits, P.Administrator) ? ALL_PERMISSIONS : bits;
}

/** Overwrites on top of the base, in their order; neither time-outs nor implied denials. */
export function applyOverwrites(state: Structure, member: MemberRecord, base: bigint, channel: ChannelRecord): bigint {
  if (base === ALL_PERMISSIONS) return base;
  const overwrites = overwritesOf(channel);
  if (overwrites.size === 0) return base;
  let bits = base;
  const everyone = overwrites.get(state.guild.id);
  if (everyone !== undefined) bits = (bits & ~everyone.deny) | everyone.allow;
  let allow = 0n;
  let deny = 0n;
  for (const id of member.roles) {
    const overwrite = overwrites.get(id);
    if (overwrite === undefined || !overwrite.role || !state.roles.has(id)) continue;
    allow |= overwrite.allow;
    deny |= overwrite.deny;
  }
  bits = (bits & ~deny) | allow;
  const own = overwrites.get(member.user.id);
  return own === undefined || own.role ? bits : (bits & ~own.deny) | own.allow;
}

export function isTimedOut(member: MemberRecord, now: number): boolean {
  const until = member.communication_disabled_until;
  return until !== null && Date.parse(until) > now;
}

/** Bits in the whole guild at this moment. */
export function guildPermissions(state: Structure, userId: Snowflake, now: number): bigint {
  const member = state.members.get(userId);
  if (member === undefined) return 0n;
  const base = baseOfMember(state, member);
  return base !== ALL_PERMISSIONS && isTimedOut(member, now) ? base & TIMED_OUT : base;
}

/** Bits in a channel at this moment. 0n for who is no member or does not see it. */
export function channelPermissions(state: Structure, userId: Snowflake, channel: ChannelRecord, now: number): bigint {
  const member = state.members.get(userId);
  if (member === undefined) return 0n;
  const base = baseOfMember(state, member);
  if (base === ALL_PERMISSIONS) return base;
  let bits = applyOverwrites(state, member, base, channel);
  if (isTimedOut(member, now)) bits &= TIMED_OUT;
  return withoutImplied(bits, channel.type);
}

/** What a missing bit takes with it. Who may not connect to a voice channel still sees it, and nothing more. */
export function withoutImplied(bits: bigint, channelType: number): bigint {
  if (!hasBits(bits, P.ViewChannel)) return 0n;
  if (channelType === ChannelType.GuildVoice && !hasBits(bits, P.Connect)) return P.ViewChannel;
  return hasBits(bits, P.SendMessages) ? bits : bits & WITHOUT_SEND;
}
