/** Every route with one owner behind it: the request, and what must reach whom. */
import { ANNA, BOT, CHANNEL, DM, GUILD } from './fake-rest.ts';

export const USER = '1100000000000000021';
const ROLE = '1100000000000000031';
const COMMAND = '1100000000000000041';
const MESSAGE = '1100000000000000051';

export interface Case {
  readonly call: string;
  readonly body?: unknown;
  readonly token?: string;
  /** Owner and name of each ask and read, in order. */
  readonly to: readonly string[];
  readonly status: number;
  /** Part of what was said last. */
  readonly said?: object;
  readonly reply?: unknown;
}

const g = `g:${GUILD}`;
export const COMMAND_FORM = { name: 'ping', description: 'pong', default_member_permissions: '8', options: null };

export const CASES: readonly Case[] = [
  { call: `GET /channels/${CHANNEL}`, to: [`${g} channel`], status: 200, said: { by: BOT, channelId: CHANNEL } },
  {
    call: `PATCH /channels/${CHANNEL}`,
    body: { name: 'a', topic: null, parent_id: 12, permission_overwrites: [{ id: 5, type: 'member', allow: 1024 }] },
    to: [`${g} updateChannel`],
    status: 200,
    said: {
      patch: {
        name: 'a',
        topic: null,
        parent_id: '12',
        permission_overwrites: [{ id: '5', type: 1, allow: '1024', deny: '0' }],
      },
    },
  },
  { call: `DELETE /channels/${CHANNEL}`, to: [`${g} deleteChannel`], status: 200 },
  { call: `DELETE /channels/${DM}`, to: [`d:${ANNA}:${BOT} closeDm`], status: 200 },
  {
    call: `PUT /channels/${CHANNEL}/permissions/${ROLE}`,
    body: { type: 0, allow: '8', deny: '1' },
    to: [`${g} putOverwrite`],
    status: 204,
    said: { overwrite: { id: ROLE, type: 0, allow: '8', deny: '1' } },
  },
  {
    call: `DELETE /channels/${CHANNEL}/permissions/${ROLE}`,
    to: [`${g} deleteOverwrite`],
    status: 204,
    said: { targetId: ROLE },
  },
  { call: `GET /channels/${CHANNEL}/invites`, to: [`${g} invites`], status: 200, said: { channelId: CHANNEL } },
  {
    call: `POST /channels/${CHANNEL}/invites`,
    to: [`${g} createInvite`],
    status: 200,
    said: { maxAge: 86_400, maxUses: 0, temporary: false, unique: false },
  },
  {
    call: `POST /channels/${CHANNEL}/messages/bulk-delete`,
    body: { messages: [11, '12', '12'] },
    to: [`${g} bulkDelete`],
    status: 204,
    said: { ids: ['11', '12'] },
    reply: [],
  },
  {
    call: `POST /channels/${CHANNEL}/messages/${MESSAGE}/crosspost`,
    to: [`${g} crosspost`],
    status: 200,
    reply: { author: { id: '1' }, mentions: [] },
  },
  {
    call: `PUT /channels/${CHANNEL}/messages/${MESSAGE}/reactions/%F0%9F%91%8D/@me`,
    to: [`${g} addReaction`],
    status: 204,
    said: { emoji: '👍', messageId: MESSAGE },
  },
  {
    call: `DELETE /channels/${CHANNEL}/messages/${MESSAGE}/reactions/a%3Awave%3A12/@me`,
    to: [`${g} removeReaction`],
    status: 204,
    said: { emoji: 'wave:12', userId: BOT },
  },
  {
    call: `DELETE /channels/${CHANNEL}/messages/${MESSAGE}/reactions/wave:12/${USER}`,
    to: [`${g} removeReaction`],
    status: 204,
    said: { userId: USER },
  },
  {
    call: `DELETE /channels/${CHANNEL}/messages/${MESSAGE}/reactions`,
    to: [`${g} clearReactions`],
    status: 204,
    said: { emoji: null },
  },
  {
    call: `DELETE /channels/${CHANNEL}/messages/${MESSAGE}/reactions/wave:12`,
    to: [`${g} clearReactions`],
    status: 204,
    said: { emoji: 'wave:12' },
  },
  { call: `PUT /channels/${CHANNEL}/pins/${MESSAGE}`, to: [`${g} pin`], status: 204 },
  { call: `DELETE /channels/${CHANNEL}/messages/pins/${MESSAGE}`, to: [`${g} unpin`], status: 204 },
  {
    call: 'POST /guilds',
    body: { name: 'My guild' },
    token: 'anna',
    to: ['g:* createGuild'],
    status: 201,
    said: { name: 'My guild', icon: null },
  },
  { call: `GET /guilds/${GUILD}?with_counts=True`, to: [`${g} guild`], status: 200, said: { withCounts: true } },
  {
    call: `PATCH /guilds/${GUILD}`,
    body: { name: 'bb', afk_timeout: null, system_channel_id: null, owner_id: 12 },
    to: [`${g} updateGuild`],
    status: 200,
    said: { patch: { name: 'bb', system_channel_id: null, owner_id: '12' } },
  },
  {
    call: `DELETE /guilds/${GUILD}`,
    to: [`${g} deleteGuild`],
    status: 204,
    reply: { channels: [], roles: [] },
  },
  { call: `GET /guilds/${GUILD}/preview`, to: [`${g} guildPreview`], status: 200 },
  { call: `GET /guilds/${GUILD}/channels`, to: [`${g} channels`], status: 200, reply: [] },
  {
    call: `POST /guilds/${GUILD}/channels`,
    body: { name: 'a', type: 2, bitrate: 8000 },
    to: [`${g} createChannel`],
    status: 201,
    said: { draft: { name: 'a', type: 2, bitrate: 8000 } },
  },
  {
    call: `PATCH /guilds/${GUILD}/channels`,
    body: [{ id: 5, position: 1, parent_id: null }],
    to: [`${g} moveChannels`],
    status: 204,
    said: { moves: [{ id: '5', position: 1, parent_id: null }] },
  },
  {
    call: `GET /guilds/${GUILD}/members/search?query=an&limit=3`,
    to: [`${g} searchMembers`],
    status: 200,
    said: { query: 'an', limit: 3 },
  },
  { call: `GET /guilds/${GUILD}/members/${USER}`, to: [`${g} member`], status: 200, said: { userId: USER } },
  {
    call: `PATCH /guilds/${GUILD}/members/${USER}`,
    body: { nick: 'a', roles: [1, '2'], communication_disabled_until: '2026-01-01T02:00:00+02:00' },
    to: [`${g} updateMember`],
    status: 200,
    said: { patch: { nick: 'a', roles: ['1', '2'], communication_disabled_until: '2026-01-01T00:00:00.000000+00:00' } },
  },
  {
    call: `PATCH /guilds/${GUILD}/members/@me`,
    body: { nick: null },
    to: [`${g} updateMember`],
    status: 200,
    said: { userId: BOT, patch: { nick: null } },
  },
  { call: `DELETE /guilds/${GUILD}/members/${USER}`, to: [`${g} removeMember`], status: 204 },
  {
    call: `PUT /guilds/${GUILD}/members/${USER}/roles/${ROLE}`,
    to: [`${g} addMemberRole`],
    status: 204,
    said: { userId: USER, roleId: ROLE },
  },
  { call: `DELETE /guilds/${GUILD}/members/${USER}/roles/${ROLE}`, to: [`${g} removeMemberRole`], status: 204 },
  { call: `GET /guilds/${GUILD}/roles`, to: [`${g} roles`], status: 200 },
  {
    call: `POST /guilds/${GUILD}/roles`,
    body: { name: 'a', permissions: 8, colors: { primary_color: 1 } },
    to: [`${g} createRole`],
    status: 200,
    said: {
      patch: { name: 'a', permissions: '8', colors: { primary_color: 1, secondary_color: null, tertiary_color: null } },
    },
  },
  {
    call: `PATCH /guilds/${GUILD}/roles`,
    body: [{ id: 5, position: 2 }],
    to: [`${g} moveRoles`],
    status: 200,
    said: { moves: [{ id: '5', position: 2 }] },
  },
  { call: `GET /guilds/${GUILD}/roles/${ROLE}`, to: [`${g} role`], status: 200 },
  {
    call: `PATCH /guilds/${GUILD}/roles/${ROLE}`,
    body: { permissions: '9007199254740993' },
    to: [`${g} updateRole`],
    status: 200,
    said: { patch: { permissions: '9007199254740993' } },
  },
  { call: `DELETE /guilds/${GUILD}/roles/${ROLE}`, to: [`${g} deleteRole`], status: 204 },
  {
    call: `GET /guilds/${GUILD}/bans?limit=5&before=7`,
    to: [`${g} bans`],
    status: 200,
    said: { limit: 5, before: '7', after: null },
  },
  { call: `GET /guilds/${GUILD}/bans/${USER}`, to: [`${g} ban`], status: 200 },
  {
    call: `PUT /guilds/${GUILD}/bans/${USER}`,
    body: { delete_message_days: 2 },
    to: [`${g} ban`],
    status: 204,
    said: { user: { id: USER }, deleteMessageSeconds: 172_800 },
    reply: [],
  },
  { call: `DELETE /guilds/${GUILD}/bans/${USER}`, to: [`${g} unban`], status: 204 },
  {
    call: `POST /guilds/${GUILD}/bulk-ban`,
    body: { user_ids: [5, '6'] },
    to: [`${g} ban`, `${g} ban`],
    status: 200,
    reply: [],
  },
  { call: `GET /guilds/${GUILD}/invites`, to: [`${g} invites`], status: 200, said: { channelId: null } },
  { call: 'GET /invites/abc?with_counts=1', to: [`${g} invite`], status: 200, said: { code: 'abc', withCounts: true } },
  { call: 'POST /invites/abc', token: 'anna', to: [`${g} useInvite`], status: 200, said: { code: 'abc' } },
  { call: 'DELETE /invites/abc', to: [`${g} deleteInvite`], status: 200 },
  { call: `GET /guilds/${GUILD}/voice-states/@me`, to: [`${g} voiceState`], status: 200, said: { userId: BOT } },
  { call: `GET /guilds/${GUILD}/voice-states/${USER}`, to: [`${g} voiceState`], status: 200, said: { userId: USER } },
  { call: 'GET /voice/regions', to: [], status: 200 },
  { call: `GET /users/${USER}`, to: [], status: 200 },
  { call: 'GET /users/@me/channels', to: [`u:${BOT} dms`], status: 200, reply: [] },
  {
    call: 'POST /users/@me/channels',
    body: { recipient_id: 1100000 },
    to: [`d:1100000:${BOT} openDm`],
    status: 200,
    said: { with: { id: '1100000' } },
  },
  {
    call: 'POST /users/@me/channels',
    body: { recipients: [5, 6] },
    token: 'anna',
    to: ['d:* createGroup'],
    status: 200,
  },
  { call: 'GET /users/@me/guilds', to: [`u:${BOT} guildList`], status: 200, reply: [] },
  { call: `GET /users/@me/guilds/${GUILD}/member`, to: [`${g} member`], status: 200, said: { userId: BOT } },
  { call: `DELETE /users/@me/guilds/${GUILD}`, to: [`${g} removeMember`], status: 204, said: { userId: BOT } },
  ...['', `/guilds/${GUILD}`].flatMap((scope): Case[] => {
    const path = `/applications/${BOT}${scope}/commands`;
    const guildId = scope === '' ? null : GUILD;
    const to = (name: string) => (scope === '' ? [`u:${BOT} ${name}`] : [`${g} member`, `u:${BOT} ${name}`]);
    return [
      { call: `GET ${path}`, to: to('commands'), status: 200, said: { guildId }, reply: [] },
      {
        call: `POST ${path}`,
        body: COMMAND_FORM,
        to: to('putCommand'),
        status: 201,
        said: { guildId, draft: { name: 'ping', type: 1, default_member_permissions: '8' } },
        reply: [{}, true],
      },
      { call: `POST ${path}`, body: COMMAND_FORM, to: to('putCommand'), status: 200, reply: [{}, false] },
      {
        call: `PUT ${path}`,
        body: [COMMAND_FORM, { name: 'Mark it', type: 3 }],
        to: to('setCommands'),
        status: 200,
        said: { guildId, drafts: [{ name: 'ping' }, { name: 'Mark it', type: 3 }] },
      },
      { call: `GET ${path}/${COMMAND}`, to: to('command'), status: 200, said: { commandId: COMMAND } },
      {
        call: `PATCH ${path}/${COMMAND}`,
        body: { description: 'b' },
        to: to('updateCommand'),
        status: 200,
        said: { patch: { description: 'b' } },
      },
      { call: `DELETE ${path}/${COMMAND}`, to: to('deleteCommand'), status: 204 },
    ];
  }),
];
