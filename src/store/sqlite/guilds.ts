/** Guilds and DMs in SQLite: what an owner loads. */
import type { DatabaseSync } from 'node:sqlite';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { GuildsPort, UsersPort } from '../ports.ts';
import type { GuildWrite, WriteHandlers } from '../subjects.ts';
import { all, first, jsonArray, type Ops, quote, type ReadsAsText, record, records } from './queries.ts';

export const guildSql = {
  putGuild: 'insert into guilds values (?1, ?2) on conflict do update set record = excluded.record',
  deleteGuild: 'delete from guilds where id = ?1',
  deleteLastMessagesOf: 'delete from last_messages where channel_id in (select id from channels where guild_id = ?1)',
  deleteMembershipsOf: `delete from memberships where (user_id, guild_id) in
    (select user_id, guild_id from members where guild_id = ?1)`,
  deleteChannelsOf: 'delete from channels where guild_id = ?1',
  deleteRolesOf: 'delete from roles where guild_id = ?1',
  deleteMembersOf: 'delete from members where guild_id = ?1',
  deleteBansOf: 'delete from bans where guild_id = ?1',
  deleteInvitesOf: 'delete from invites where guild_id = ?1',
  putChannel: 'insert into channels values (?1, ?2, ?3) on conflict do update set record = excluded.record',
  putLastMessage:
    'insert into last_messages values (?1, ?2) on conflict do update set message_id = excluded.message_id',
  deleteLastMessage: 'delete from last_messages where channel_id = ?1',
  deleteChannel: 'delete from channels where guild_id = ?1 and id = ?2',
  putChannelOwner: 'insert or ignore into channel_owners values (?1, ?2)',
  putRole: 'insert into roles values (?1, ?2, ?3) on conflict do update set record = excluded.record',
  deleteRole: 'delete from roles where guild_id = ?1 and id = ?2',
  putMember: 'insert into members values (?1, ?2, ?3) on conflict do update set record = excluded.record',
  // 0: the membership keeps its row.
  putMembership: `insert into memberships values (?1, ?2, ?3)
    on conflict do update set seq = excluded.seq where excluded.seq <> 0`,
  deleteMember: 'delete from members where guild_id = ?1 and user_id = ?2',
  deleteMembership: 'delete from memberships where user_id = ?1 and guild_id = ?2',
  putBan: 'insert into bans values (?1, ?2, ?3) on conflict do update set record = excluded.record',
  deleteBan: 'delete from bans where guild_id = ?1 and user_id = ?2',
  putInvite: `insert into invites values (?1, ?2, ?3)
    on conflict do update set guild_id = excluded.guild_id, record = excluded.record`,
  deleteInvite: 'delete from invites where code = ?1',
  putDm: 'insert into dms values (?1, ?2, ?3) on conflict do update set id = excluded.id, record = excluded.record',
  putOpenDm: 'insert or ignore into open_dms values (?1, ?2)',
  deleteOpenDm: 'delete from open_dms where user_id = ?1 and owner = ?2',
};

export const guildWrites: WriteHandlers<GuildWrite, Ops> = {
  putGuild: ({ guild }) => ['putGuild', guild.id, JSON.stringify(guild)],
  deleteGuild: ({ guildId }) => [
    // Both read the rows that the statements after them delete.
    ...['deleteLastMessagesOf', guildId, 'deleteMembershipsOf', guildId],
    ...['deleteChannelsOf', guildId, 'deleteRolesOf', guildId, 'deleteMembersOf', guildId],
    ...['deleteBansOf', guildId, 'deleteInvitesOf', guildId, 'deleteGuild', guildId],
  ],
  putChannel: ({ channel }) => [
    ...['putChannel', channel.guild_id, channel.id, JSON.stringify(channel)],
    ...lastMessage(channel.id, channel.last_message_id),
  ],
  putLastMessage: ({ channelId, messageId }) => ['putLastMessage', channelId, messageId],
  deleteChannel: ({ guildId, channelId }) => ['deleteChannel', guildId, channelId, 'deleteLastMessage', channelId],
  putChannelOwner: ({ channelId, owner }) => ['putChannelOwner', channelId, owner],
  putRole: ({ guildId, role }) => ['putRole', guildId, role.id, JSON.stringify(role)],
  deleteRole: ({ guildId, roleId }) => ['deleteRole', guildId, roleId],
  putMember: ({ guildId, member, seq }) => [
    ...['putMember', guildId, member.user.id, JSON.stringify(member)],
    ...['putMembership', member.user.id, guildId, seq],
  ],
  deleteMember: ({ guildId, userId }) => ['deleteMember', guildId, userId, 'deleteMembership', userId, guildId],
  putBan: ({ guildId, ban }) => ['putBan', guildId, ban.user.id, JSON.stringify(ban)],
  deleteBan: ({ guildId, userId }) => ['deleteBan', guildId, userId],
  putInvite: ({ invite }) => ['putInvite', invite.code, invite.guild_id, JSON.stringify(invite)],
  deleteInvite: ({ code }) => ['deleteInvite', code],
  putDm: ({ dm }) => ['putDm', dm.owner, dm.id, JSON.stringify(dm), ...lastMessage(dm.id, dm.last_message_id)],
  putDmOpen: ({ userId, owner, open }) => [open ? 'putOpenDm' : 'deleteOpenDm', userId, owner],
};

const lastMessage = (channelId: Snowflake, messageId: Snowflake | null): Ops =>
  messageId === null ? ['deleteLastMessage', channelId] : ['putLastMessage', channelId, messageId];

interface ChannelRow {
  readonly record: string;
  readonly last: Snowflake | null;
}

/** The last key of two wins when JSON is parsed: the record as it was written, with the last message as it is. */
const withLast = (row: ChannelRow): string => `${row.record.slice(0, -1)},"last_message_id":${quote(row.last)}}`;

const WITH_LAST = 'record, cast(message_id as text) as last';

export function guildReads(db: DatabaseSync): ReadsAsText<GuildsPort & Pick<UsersPort, 'guildsOf' | 'dmsOf'>> {
  const guild = db.prepare('select record from guilds where id = ?1');
  const channels = db.prepare(`select ${WITH_LAST} from channels left join last_messages on channel_id = id
    where guild_id = ?1 order by id`);
  const roles = db.prepare('select record from roles where guild_id = ?1 order by id');
  const members = db.prepare('select record from members where guild_id = ?1 order by user_id');
  const bans = db.prepare('select record from bans where guild_id = ?1 order by user_id');
  const invites = db.prepare('select record from invites where guild_id = ?1 order by code');
  const invite = db.prepare('select record from invites where code = ?1');
  const dm = db.prepare(`select ${WITH_LAST} from dms left join last_messages on channel_id = id where owner = ?1`);
  const openDms = db.prepare(`select ${WITH_LAST} from open_dms join dms using (owner)
    left join last_messages on channel_id = id where user_id = ?1 order by id`);
  const owner = db.prepare('select owner from channel_owners where channel_id = ?1');
  const memberships = db.prepare(`select cast(guild_id as text) as guild, seq from memberships where user_id = ?1
    order by guild_id`);
  return {
    guild: (id) => {
      const found = first<{ record: string }>(guild, id);
      if (found === null) return 'null';
      const list = jsonArray(all<ChannelRow>(channels, id).map(withLast));
      const people = `"roles":${records(roles, id)},"members":${records(members, id)},"bans":${records(bans, id)}`;
      return `{"guild":${found.record},"channels":${list},${people},"invites":${records(invites, id)}}`;
    },
    dm: (key) => {
      const found = first<ChannelRow>(dm, key);
      return found === null ? 'null' : withLast(found);
    },
    channelOwner: (channelId) => quote(first<{ owner: OwnerKey }>(owner, channelId)?.owner ?? null),
    invite: (code) => record(invite, code),
    guildsOf: (user) => JSON.stringify(all(memberships, user)),
    dmsOf: (user) => jsonArray(all<ChannelRow>(openDms, user).map(withLast)),
  };
}
