/** Permissions written a second time, from the documentation and without the code under test: sets of names, no bits, no caches. */
import { PermissionFlagsBits } from 'discord-api-types/v10';
import type { ChannelRecord, GuildRecord, MemberRecord, RoleRecord } from '../../../src/protocol/records.ts';

export interface NaiveGuild {
  readonly guild: Pick<GuildRecord, 'id' | 'owner_id'>;
  readonly roles: ReadonlyMap<string, RoleRecord>;
  readonly members: ReadonlyMap<string, MemberRecord>;
  readonly channels: ReadonlyMap<string, ChannelRecord>;
}

type Name = keyof typeof PermissionFlagsBits;
const NAMES = [...new Map(Object.entries(PermissionFlagsBits).map(([name, bit]) => [bit, name as Name])).values()];

const named = (text: string): Set<Name> => {
  const value = BigInt(text);
  return new Set(NAMES.filter((name) => (value / PermissionFlagsBits[name]) % 2n === 1n));
};

export function naiveBase(state: NaiveGuild, userId: string): Set<Name> {
  const member = state.members.get(userId);
  if (!member) return new Set();
  if (userId === state.guild.owner_id) return new Set(NAMES);
  const held = [state.guild.id, ...member.roles].flatMap((id) => [...named(state.roles.get(id)?.permissions ?? '0')]);
  return held.includes('Administrator') ? new Set(NAMES) : new Set(held);
}

export function naivePermissions(state: NaiveGuild, userId: string, channel: ChannelRecord, now: number): Set<Name> {
  const member = state.members.get(userId);
  const base = naiveBase(state, userId);
  if (!member || base.has('Administrator')) return base;
  const result = new Set(base);
  const apply = (lists: readonly { deny: string; allow: string }[]): void => {
    for (const { deny } of lists) for (const name of named(deny)) result.delete(name);
    for (const { allow } of lists) for (const name of named(allow)) result.add(name);
  };
  const all = channel.permission_overwrites;
  apply(all.filter((o) => o.type === 0 && o.id === state.guild.id));
  apply(
    all.filter((o) => o.type === 0 && o.id !== state.guild.id && member.roles.includes(o.id) && state.roles.has(o.id)),
  );
  apply(all.filter((o) => o.type === 1 && o.id === userId));
  const until = member.communication_disabled_until;
  if (until !== null && new Date(until).getTime() > now) {
    for (const name of [...result]) if (name !== 'ViewChannel' && name !== 'ReadMessageHistory') result.delete(name);
  }
  if (!result.has('ViewChannel')) return new Set();
  if (channel.type === 2 && !result.has('Connect')) return new Set<Name>(['ViewChannel']);
  if (!result.has('SendMessages')) {
    for (const name of ['MentionEveryone', 'SendTTSMessages', 'AttachFiles', 'EmbedLinks'] as const)
      result.delete(name);
  }
  return result;
}

export const toBits = (names: ReadonlySet<Name>): bigint => {
  let bits = 0n;
  for (const name of names) bits += PermissionFlagsBits[name];
  return bits;
};

export const naiveSees = (state: NaiveGuild, userId: string, channel: ChannelRecord): boolean =>
  naivePermissions(state, userId, channel, Number.POSITIVE_INFINITY).has('ViewChannel');

/** By channel, who sees it. */
export function naiveVisibility(state: NaiveGuild): Map<string, Set<string>> {
  const users = [...state.members.keys()];
  return new Map(
    [...state.channels.values()].map((c) => [c.id, new Set(users.filter((id) => naiveSees(state, id, c)))]),
  );
}
