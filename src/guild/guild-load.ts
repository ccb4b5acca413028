/** A stored guild becomes one in memory. */
import type { Snowflake } from '../protocol/ids.ts';
import type {
  BanRecord,
  ChannelRecord,
  GuildRecord,
  InviteRecord,
  MemberRecord,
  RoleRecord,
} from '../protocol/records.ts';
import { MessageCache } from './message-cache.ts';
import type { GuildState } from './state.ts';

/** What the store's ports give for a guild. */
export interface StoredGuild {
  readonly guild: GuildRecord;
  readonly channels: readonly ChannelRecord[];
  readonly roles: readonly RoleRecord[];
  readonly members: readonly MemberRecord[];
  readonly bans: readonly BanRecord[];
  readonly invites: readonly InviteRecord[];
}

export function loadGuild(stored: StoredGuild, messages: MessageCache = new MessageCache()): GuildState {
  return {
    guild: stored.guild,
    channels: byId(stored.channels),
    roles: byId(stored.roles),
    members: new Map(stored.members.map((member) => [member.user.id, member])),
    bans: new Map(stored.bans.map((ban) => [ban.user.id, ban])),
    invites: new Map(stored.invites.map((invite) => [invite.code, invite])),
    voice: new Map(),
    voiceDecided: new Set(),
    presences: new Map(),
    messages,
    lastWrote: new Map(),
    generations: new Map(),
  };
}

const byId = <T extends { readonly id: Snowflake }>(records: readonly T[]): Map<Snowflake, T> =>
  new Map(records.map((record) => [record.id, record]));
