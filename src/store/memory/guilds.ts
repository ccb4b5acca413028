/** Guilds and DMs in memory: what an owner loads. */
import { compareSnowflakes, type OwnerKey, type Snowflake } from '../../protocol/ids.ts';
import type {
  BanRecord,
  ChannelRecord,
  DmRecord,
  GuildRecord,
  InviteRecord,
  MemberRecord,
  RoleRecord,
} from '../../protocol/records.ts';
import type { GuildLoad, GuildsPort } from '../ports.ts';
import type { GuildWrite, ReadsNow, WriteHandlers } from '../subjects.ts';

/** One guild's rows. They may be there before the guild's own row. */
interface Guild {
  record: GuildRecord | null;
  readonly channels: Map<Snowflake, ChannelRecord>;
  readonly roles: Map<Snowflake, RoleRecord>;
  readonly members: Map<Snowflake, MemberRecord>;
  readonly bans: Map<Snowflake, BanRecord>;
}

export interface Membership {
  readonly guild: Snowflake;
  readonly seq: number;
}

export class MemoryGuilds implements ReadsNow<GuildsPort> {
  readonly #guilds = new Map<Snowflake, Guild>();
  readonly #invites = new Map<string, InviteRecord>();
  readonly #lastMessages = new Map<Snowflake, Snowflake | null>();
  readonly #channelOwners = new Map<Snowflake, OwnerKey>();
  readonly #memberships = new Map<Snowflake, Map<Snowflake, Membership>>();
  readonly #dms = new Map<OwnerKey, DmRecord>();
  readonly #openDms = new Map<Snowflake, Set<OwnerKey>>();

  readonly writes: WriteHandlers<GuildWrite, void> = {
    putGuild: ({ guild }) => {
      this.#open(guild.id).record = guild;
    },
    deleteGuild: ({ guildId }) => this.#deleteGuild(guildId),
    putChannel: ({ channel }) => {
      this.#open(channel.guild_id).channels.set(channel.id, channel);
      this.#lastMessages.set(channel.id, channel.last_message_id);
    },
    putLastMessage: ({ channelId, messageId }) => void this.#lastMessages.set(channelId, messageId),
    deleteChannel: ({ guildId, channelId }) => {
      this.#guilds.get(guildId)?.channels.delete(channelId);
      this.#lastMessages.delete(channelId);
    },
    putChannelOwner: ({ channelId, owner }) => {
      if (!this.#channelOwners.has(channelId)) this.#channelOwners.set(channelId, owner);
    },
    putRole: ({ guildId, role }) => void this.#open(guildId).roles.set(role.id, role),
    deleteRole: ({ guildId, roleId }) => void this.#guilds.get(guildId)?.roles.delete(roleId),
    putMember: ({ guildId, member, seq }) => {
      this.#open(guildId).members.set(member.user.id, member);
      const his = this.#memberships.get(member.user.id) ?? new Map<Snowflake, Membership>();
      // 0: the membership keeps its row.
      const row = seq === 0 ? (his.get(guildId)?.seq ?? 0) : seq;
      this.#memberships.set(member.user.id, his.set(guildId, { guild: guildId, seq: row }));
    },
    deleteMember: ({ guildId, userId }) => {
      this.#guilds.get(guildId)?.members.delete(userId);
      this.#memberships.get(userId)?.delete(guildId);
    },
    putBan: ({ guildId, ban }) => void this.#open(guildId).bans.set(ban.user.id, ban),
    deleteBan: ({ guildId, userId }) => void this.#guilds.get(guildId)?.bans.delete(userId),
    putInvite: ({ invite }) => void this.#invites.set(invite.code, invite),
    deleteInvite: ({ code }) => void this.#invites.delete(code),
    putDm: ({ dm }) => {
      this.#dms.set(dm.owner, dm);
      this.#lastMessages.set(dm.id, dm.last_message_id);
    },
    putDmOpen: ({ userId, owner, open }) => {
      const his = this.#openDms.get(userId) ?? new Set<OwnerKey>();
      this.#openDms.set(userId, his);
      if (open) his.add(owner);
      else his.delete(owner);
    },
  };

  guild(id: Snowflake): GuildLoad | null {
    const found = this.#guilds.get(id);
    if (found === undefined || found.record === null) return null;
    return {
      guild: found.record,
      channels: sorted(found.channels).map((channel) => this.#withLast(channel)),
      roles: sorted(found.roles),
      members: sorted(found.members),
      bans: sorted(found.bans),
      invites: [...this.#invites.values()]
        .filter((invite) => invite.guild_id === id)
        .sort((a, b) => (a.code < b.code ? -1 : 1)),
    };
  }

  dm(owner: OwnerKey): DmRecord | null {
    const dm = this.#dms.get(owner);
    return dm === undefined ? null : this.#withLast(dm);
  }

  channelOwner(channelId: Snowflake): OwnerKey | null {
    return this.#channelOwners.get(channelId) ?? null;
  }

  invite(code: string): InviteRecord | null {
    return this.#invites.get(code) ?? null;
  }

  guildsOf(user: Snowflake): readonly Membership[] {
    return sorted(this.#memberships.get(user) ?? new Map<Snowflake, Membership>());
  }

  dmsOf(user: Snowflake): readonly DmRecord[] {
    const open = [...(this.#openDms.get(user) ?? [])];
    return open
      .map((owner) => this.dm(owner))
      .filter((dm) => dm !== null)
      .sort((a, b) => compareSnowflakes(a.id, b.id));
  }

  #open(id: Snowflake): Guild {
    const guild = this.#guilds.get(id) ?? {
      record: null,
      channels: new Map(),
      roles: new Map(),
      members: new Map(),
      bans: new Map(),
    };
    this.#guilds.set(id, guild);
    return guild;
  }

  #deleteGuild(id: Snowflake): void {
    const guild = this.#guilds.get(id);
    for (const channelId of guild?.channels.keys() ?? []) this.#lastMessages.delete(channelId);
    for (const userId of guild?.members.keys() ?? []) this.#memberships.get(userId)?.delete(id);
    for (const invite of this.#invites.values()) if (invite.guild_id === id) this.#invites.delete(invite.code);
    this.#guilds.delete(id);
  }

  #withLast<Channel extends { readonly id: Snowflake }>(channel: Channel): Channel {
    return { ...channel, last_message_id: this.#lastMessages.get(channel.id) ?? null };
  }
}

/** Ascending by id. */
function sorted<Row>(rows: ReadonlyMap<Snowflake, Row>): Row[] {
  return [...rows].sort(([a], [b]) => compareSnowflakes(a, b)).map(([, row]) => row);
}
