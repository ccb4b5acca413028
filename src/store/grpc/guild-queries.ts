/** Guilds and DMs over the wire. */
import { z } from 'zod';
import type { OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type {
  ChannelRecord,
  DmRecord,
  InviteRecord,
  MemberRecord,
  PublicUser,
  RoleRecord,
} from '../../protocol/records.ts';
import type { GuildLoad, GuildsPort } from '../ports.ts';
import { given, id, maybeText, owner, type QueriesOf, RECORD, recorded, text } from './query.ts';
import type { Fields } from './wire.ts';

export const userFields = ({ id, username, global_name, avatar, bot }: PublicUser): Fields =>
  given({ id, username, global_name, avatar, bot });

const channelFields = ({ id, type, name, position, parent_id, topic, last_message_id }: ChannelRecord): Fields =>
  given({ id, type, name, position, parent_id, topic, last_message_id });

const roleFields = ({ id, name, position, color, permissions }: RoleRecord): Fields => ({
  ...{ id, name, position, color, permissions },
});

const memberFields = ({ user, nick, roles, joined_at }: MemberRecord): Fields =>
  given({ user: userFields(user), nick, roles, joined_at });

const guildFields = ({ guild, channels, roles, members }: GuildLoad): Fields =>
  given({
    ...{ id: guild.id, name: guild.name, owner_id: guild.owner_id, description: guild.description },
    channels: channels.map(channelFields),
    roles: roles.map(roleFields),
    members: members.map(memberFields),
  });

export const dms = recorded<DmRecord>('dms', (dm) => ({
  ...{ id: dm.id, owner: dm.owner, name: dm.name, last_message_id: dm.last_message_id },
  recipients: dm.recipients.map(userFields),
}));

const inviteOf = recorded<InviteRecord>('invite', ({ code, guild_id, channel_id, uses, max_age, created_at }) => ({
  ...{ code, guild_id, channel_id, uses, max_age, created_at },
}));

export const guildQueries: QueriesOf<GuildsPort> = {
  guild: {
    rpc: 'GetGuild',
    request: (guild) => ({ id: guild, form: RECORD }),
    args: z.object({ id }).transform((asked) => [asked.id] as const),
    answer: (load, form) => {
      if (load === null) return {};
      return form === RECORD ? { record: JSON.stringify(load) } : { guild: guildFields(load) };
    },
    value: ({ record }) => (record === undefined ? null : parseOwn<GuildLoad>(String(record))),
  },
  dm: {
    rpc: 'GetDm',
    request: (key) => ({ owner: key, form: RECORD }),
    args: z.object({ owner }).transform((asked) => [asked.owner] as const),
    ...dms.maybe,
  },
  channelOwner: {
    rpc: 'ChannelOwner',
    request: (channelId) => ({ channel_id: channelId }),
    args: z.object({ channel_id: id }).transform((asked) => [asked.channel_id] as const),
    answer: maybeText.answer,
    value: (answer) => maybeText.value(answer) as OwnerKey | null,
  },
  invite: {
    rpc: 'GetInvite',
    request: (code) => ({ text: code, form: RECORD }),
    args: z.object({ text }).transform((asked) => [asked.text] as const),
    answer: (invite, form) => (invite === null ? {} : { invite: inviteOf.one(invite, form) }),
    value: ({ invite }) =>
      invite === undefined ? null : parseOwn<InviteRecord>((invite as { record: string }).record),
  },
};
