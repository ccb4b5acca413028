/** Guilds and DMs on Cassandra: what an owner loads. */
import { compareSnowflakes, isSnowflake, type OwnerKey, type Snowflake } from '../../protocol/ids.ts';
import type { GuildsPort, UsersPort } from '../ports.ts';
import type { GuildWrite, WriteHandlers } from '../subjects.ts';
import type { Db } from './db.ts';
import type { Known, Ops } from './draft.ts';
import { jsonArray, quote, type ReadsAsText, record, sliceOf } from './queries.ts';

export const MEMBER_SLICES = 16;
const slices = Array.from({ length: MEMBER_SLICES }, (_, slice) => slice);

const putRow = (kind: string): Known => ({
  at: 'i ?1',
  cql: `insert into {}.guild_rows (guild_id, kind, key, record) values (?1, '${kind}', ?2, ?3) using timestamp ?s`,
});
const deleteRow = (kind: string): Known => ({
  at: 'i ?1',
  cql: `delete from {}.guild_rows using timestamp ?s where guild_id = ?1 and kind = '${kind}' and key = ?2`,
});

export const guildKnown: Readonly<Record<string, Known>> = {
  putGuild: putRow('guild'),
  putChannel: putRow('channel'),
  putRole: putRow('role'),
  putBan: putRow('ban'),
  putInviteOf: putRow('invite'),
  deleteChannel: deleteRow('channel'),
  deleteRole: deleteRow('role'),
  deleteBan: deleteRow('ban'),
  deleteInviteOf: deleteRow('invite'),
  deleteGuild: { arity: 1, run: (draft, [guildId = '']) => draft.sweepGuild(guildId) },
  putLastMessage: {
    at: 'i ?1',
    cql: 'insert into {}.channels (channel_id, last_message_id) values (?1, ?2) using timestamp ?s',
  },
  deleteLastMessage: {
    at: 'i ?1',
    cql: 'delete last_message_id from {}.channels using timestamp ?s where channel_id = ?1',
  },
  putChannelOwner: {
    arity: 2,
    run: async (draft, [channelId = '', owner]) => {
      const known = (await draft.channel(channelId)).owner;
      if (known === null) await draft.setOwner(channelId, owner as OwnerKey);
    },
  },
  putMember: {
    at: 'b ?1 ?2',
    cql: 'insert into {}.members (guild_id, slice, user_id, record) values (?1, ?2, ?3, ?4) using timestamp ?s',
  },
  putMembership: {
    at: 'i ?1',
    cql: 'insert into {}.memberships (user_id, guild_id, seq) values (?1, ?2, ?3) using timestamp ?s',
  },
  // The row that made it stays as it is stored.
  keepMembership: {
    at: 'i ?1',
    cql: 'insert into {}.memberships (user_id, guild_id) values (?1, ?2) using timestamp ?s',
  },
  deleteMember: {
    at: 'b ?1 ?2',
    cql: 'delete from {}.members using timestamp ?s where guild_id = ?1 and slice = ?2 and user_id = ?3',
  },
  deleteMembership: {
    at: 'i ?1',
    cql: 'delete from {}.memberships using timestamp ?s where user_id = ?1 and guild_id = ?2',
  },
  putInvite: {
    at: 't ?1',
    cql: 'insert into {}.invites (code, guild_id, record) values (?1, ?2, ?3) using timestamp ?s',
  },
  deleteInvite: { at: 't ?1', cql: 'delete from {}.invites using timestamp ?s where code = ?1' },
  putDm: { at: 't ?1', cql: 'insert into {}.dms (owner, id, record) values (?1, ?2, ?3) using timestamp ?s' },
  putOpenDm: { at: 'i ?1', cql: 'insert into {}.open_dms (user_id, owner) values (?1, ?2) using timestamp ?s' },
  deleteOpenDm: { at: 'i ?1', cql: 'delete from {}.open_dms using timestamp ?s where user_id = ?1 and owner = ?2' },
};

export const guildWrites: WriteHandlers<GuildWrite, Ops> = {
  putGuild: ({ guild }) => ['putGuild', guild.id, guild.id, JSON.stringify(guild)],
  deleteGuild: ({ guildId }) => ['deleteGuild', guildId],
  putChannel: ({ channel }) => [
    ...['putChannel', channel.guild_id, channel.id, JSON.stringify(channel)],
    ...lastMessage(channel.id, channel.last_message_id),
  ],
  putLastMessage: ({ channelId, messageId }) => ['putLastMessage', channelId, messageId],
  deleteChannel: ({ guildId, channelId }) => ['deleteChannel', guildId, channelId, 'deleteLastMessage', channelId],
  putChannelOwner: ({ channelId, owner }) => ['putChannelOwner', channelId, owner],
  putRole: ({ guildId, role }) => ['putRole', guildId, role.id, JSON.stringify(role)],
  deleteRole: ({ guildId, roleId }) => ['deleteRole', guildId, roleId],
  putMember: ({ guildId, member, seq }) => {
    const { id } = member.user;
    const put = ['putMember', guildId, sliceOf(id, MEMBER_SLICES), id, JSON.stringify(member)];
    return [...put, ...(seq === 0 ? ['keepMembership', id, guildId] : ['putMembership', id, guildId, seq])];
  },
  deleteMember: ({ guildId, userId }) => [
    ...['deleteMember', guildId, sliceOf(userId, MEMBER_SLICES), userId, 'deleteMembership', userId, guildId],
  ],
  putBan: ({ guildId, ban }) => ['putBan', guildId, ban.user.id, JSON.stringify(ban)],
  deleteBan: ({ guildId, userId }) => ['deleteBan', guildId, userId],
  putInvite: ({ invite }) => {
    const text = JSON.stringify(invite);
    return ['putInvite', invite.code, invite.guild_id, text, 'putInviteOf', invite.guild_id, invite.code, text];
  },
  deleteInvite: ({ code, guildId }) => ['deleteInvite', code, 'deleteInviteOf', guildId, code],
  putDm: ({ dm }) => ['putDm', dm.owner, dm.id, JSON.stringify(dm), ...lastMessage(dm.id, dm.last_message_id)],
  putDmOpen: ({ userId, owner, open }) => [open ? 'putOpenDm' : 'deleteOpenDm', userId, owner],
};

const lastMessage = (channelId: Snowflake, messageId: Snowflake | null): Ops =>
  messageId === null ? ['deleteLastMessage', channelId] : ['putLastMessage', channelId, messageId];

interface GuildRow {
  readonly kind: string;
  readonly key: string;
  readonly record: string;
}

const guildRows = ({ cluster }: Db, id: Snowflake, left?: AbortSignal): Promise<readonly GuildRow[]> =>
  cluster.rows<GuildRow>('select kind, key, record from {}.guild_rows where guild_id = ?', [id], left);

/** The last key of two wins when JSON is parsed: the record as it was written, with the last message as it is. */
const withLast = (text: string, last: Snowflake | null): string =>
  `${text.slice(0, -1)},"last_message_id":${quote(last)}}`;

interface Membership {
  readonly guild_id: Snowflake;
  readonly seq: string | null;
}

export function guildReads(db: Db): ReadsAsText<GuildsPort & Pick<UsersPort, 'guildsOf' | 'dmsOf'>> {
  const { cluster } = db;
  const lastOf = async (channelId: Snowflake): Promise<Snowflake | null> => {
    const select = 'select last_message_id from {}.channels where channel_id = ? limit 1';
    return (await cluster.first<{ last_message_id: Snowflake | null }>(select, [channelId]))?.last_message_id ?? null;
  };
  const dm = async (owner: OwnerKey): Promise<{ readonly id: Snowflake; readonly text: string } | null> => {
    const select = 'select id, record from {}.dms where owner = ?';
    const found = await cluster.first<{ id: Snowflake; record: string }>(select, [owner]);
    return found === null ? null : { id: found.id, text: withLast(found.record, await lastOf(found.id)) };
  };
  const membersOf = async (id: Snowflake, left?: AbortSignal): Promise<readonly string[]> => {
    const select = 'select user_id, record from {}.members where guild_id = ? and slice = ?';
    const found = await Promise.all(
      slices.map((slice) => cluster.rows<{ user_id: Snowflake; record: string }>(select, [id, slice], left)),
    );
    const rows = found.flat().sort((a, b) => compareSnowflakes(a.user_id, b.user_id));
    return rows.map((row) => row.record);
  };
  return {
    guild: async (id, left) => {
      if (!isSnowflake(id)) return 'null';
      const rows = await guildRows(db, id, left);
      const guild = rows.find(({ kind }) => kind === 'guild');
      if (guild === undefined) return 'null';
      const of = (wanted: string): GuildRow[] =>
        rows.filter(({ kind }) => kind === wanted).sort((a, b) => compareSnowflakes(a.key, b.key));
      const texts = (wanted: string): string => jsonArray(of(wanted).map((row) => row.record));
      const channels = of('channel').map(async (row) => withLast(row.record, await lastOf(row.key)));
      const [list, members] = await Promise.all([Promise.all(channels), membersOf(id, left)]);
      // Codes of invites lie in the order of their text already.
      const invites = jsonArray(rows.flatMap((row) => (row.kind === 'invite' ? [row.record] : [])));
      const people = `"roles":${texts('role')},"members":${jsonArray(members)},"bans":${texts('ban')}`;
      return `{"guild":${guild.record},"channels":${jsonArray(list)},${people},"invites":${invites}}`;
    },
    dm: async (owner) => (await dm(owner))?.text ?? 'null',
    channelOwner: async (channelId) => {
      if (!isSnowflake(channelId)) return 'null';
      const select = 'select owner from {}.channels where channel_id = ? limit 1';
      return quote((await cluster.first<{ owner: OwnerKey | null }>(select, [channelId]))?.owner ?? null);
    },
    invite: (code) => record(cluster, 'select record from {}.invites where code = ?', [code]),
    guildsOf: async (user) => {
      const select = 'select guild_id, seq from {}.memberships where user_id = ?';
      const rows = await cluster.rows<Membership>(select, [user]);
      return JSON.stringify(rows.map(({ guild_id, seq }) => ({ guild: guild_id, seq: Number(seq ?? 0) })));
    },
    dmsOf: async (user) => {
      const open = await cluster.rows<{ owner: OwnerKey }>('select owner from {}.open_dms where user_id = ?', [user]);
      const found = (await Promise.all(open.map(({ owner }) => dm(owner)))).filter((each) => each !== null);
      return jsonArray(found.sort((a, b) => compareSnowflakes(a.id, b.id)).map(({ text }) => text));
    },
  };
}
