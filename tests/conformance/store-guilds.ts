import { expect } from 'bun:test';
import { groupKey, guildKey, pairKey, userKey } from '../../src/protocol/ids.ts';
import { actor, type Case } from './store-cases.ts';
import {
  applicationRecord,
  banRecord,
  channelRecord,
  dmRecord,
  guildRecord,
  inviteRecord,
  memberRecord,
  messageRecord,
  mint,
  roleRecord,
  userRecord,
} from './store-records.ts';

/** Asked of the stores themselves: a data service refuses such ids. */
export const ALIASES = 'an id beyond those that are stored is nobody, whatever has the same 64 bits';

export const guildCases: readonly Case[] = [
  {
    title: 'guild loads whole, each list ascending, and every put may be repeated',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const guildId = mint();
      const [first, second, user] = [mint(), mint(), mint()];
      expect(await store.guild(guildId)).toBeNull();
      const code = `code-${guildId}`;
      for (const round of [1, 2]) {
        await commit(
          { w: 'putGuild', guild: guildRecord(guildId, `named ${round}`) },
          { w: 'putChannel', channel: channelRecord(guildId, second) },
          { w: 'putChannel', channel: channelRecord(guildId, first, '123') },
          { w: 'putRole', guildId, role: roleRecord(second) },
          { w: 'putRole', guildId, role: roleRecord(guildId, `everyone ${round}`) },
          { w: 'putMember', guildId, member: memberRecord(user, `nick ${round}`), seq: 7 },
          { w: 'putMember', guildId, member: memberRecord('5'), seq: 8 },
          { w: 'putBan', guildId, ban: banRecord(second, `reason ${round}`) },
          { w: 'putInvite', invite: inviteRecord(guildId, code, round) },
        );
      }
      expect(await store.guild(guildId)).toEqual({
        guild: guildRecord(guildId, 'named 2'),
        channels: [channelRecord(guildId, first, '123'), channelRecord(guildId, second)],
        roles: [roleRecord(guildId, 'everyone 2'), roleRecord(second)],
        members: [memberRecord('5'), memberRecord(user, 'nick 2')],
        bans: [banRecord(second, 'reason 2')],
        invites: [inviteRecord(guildId, code, 2)],
      });
      expect(await store.invite(code)).toEqual(inviteRecord(guildId, code, 2));
      expect(await store.guildsOf(user)).toEqual([{ guild: guildId, seq: 7 }]);
    },
  },
  {
    title: 'putLastMessage moves only the last message; putChannel says the whole channel',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [guildId, id] = [mint(), mint()];
      const last = async () => (await store.guild(guildId))?.channels[0]?.last_message_id;
      const put = { w: 'putChannel', channel: channelRecord(guildId, id) } as const;
      await commit({ w: 'putGuild', guild: guildRecord(guildId) }, put);
      expect(await last()).toBeNull();
      await commit({ w: 'putLastMessage', channelId: id, messageId: '99' });
      expect(await last()).toBe('99');
      await commit({ w: 'putChannel', channel: channelRecord(guildId, id, '100') });
      expect(await last()).toBe('100');
      await commit(put);
      expect(await last()).toBeNull();
    },
  },
  {
    title: 'every delete of a guild row takes that row alone, and may be repeated',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const guildId = mint();
      const [gone, stays] = [mint(), mint()];
      for (const id of [gone, stays]) {
        await commit(
          { w: 'putGuild', guild: guildRecord(guildId) },
          { w: 'putChannel', channel: channelRecord(guildId, id, id) },
          { w: 'putRole', guildId, role: roleRecord(id) },
          { w: 'putMember', guildId, member: memberRecord(id), seq: 1 },
          { w: 'putBan', guildId, ban: banRecord(id, null) },
          { w: 'putInvite', invite: inviteRecord(guildId, `del-${id}`) },
        );
      }
      for (let round = 0; round < 2; round += 1) {
        await commit(
          { w: 'deleteChannel', guildId, channelId: gone },
          { w: 'deleteRole', guildId, roleId: gone },
          { w: 'deleteMember', guildId, userId: gone },
          { w: 'deleteBan', guildId, userId: gone },
          { w: 'deleteInvite', code: `del-${gone}`, guildId },
        );
      }
      expect(await store.guild(guildId)).toEqual({
        guild: guildRecord(guildId),
        channels: [channelRecord(guildId, stays, stays)],
        roles: [roleRecord(stays)],
        members: [memberRecord(stays)],
        bans: [banRecord(stays, null)],
        invites: [inviteRecord(guildId, `del-${stays}`)],
      });
      expect(await store.invite(`del-${gone}`)).toBeNull();
      expect(await store.guildsOf(gone)).toEqual([]);
    },
  },
  {
    title: 'deleteGuild takes everything of the guild but messages and the channel index, and nothing of another',
    run: async ({ store }) => {
      const { commit, owner } = await actor(store);
      const [guildId, other, channelId, user, id] = [mint(), mint(), mint(), mint(), mint()];
      await commit(
        ...[guildId, other].flatMap((each) => [
          { w: 'putGuild', guild: guildRecord(each) } as const,
          { w: 'putRole', guildId: each, role: roleRecord(each) } as const,
          { w: 'putMember', guildId: each, member: memberRecord(user), seq: 3 } as const,
          { w: 'putBan', guildId: each, ban: banRecord(user, null) } as const,
          { w: 'putInvite', invite: inviteRecord(each, `all-${each}`) } as const,
        ]),
        { w: 'putChannel', channel: channelRecord(guildId, channelId) },
        { w: 'putChannelOwner', channelId, owner },
        { w: 'putMessage', message: messageRecord(channelId, id) },
      );
      await commit({ w: 'deleteGuild', guildId });
      await commit({ w: 'deleteGuild', guildId });
      expect(await store.guild(guildId)).toBeNull();
      expect(await store.invite(`all-${guildId}`)).toBeNull();
      expect(await store.guildsOf(user)).toEqual([{ guild: other, seq: 3 }]);
      expect(await store.channelOwner(channelId)).toBe(owner);
      expect((await store.message(channelId, id))?.message.id).toBe(id);
      const kept = await store.guild(other);
      expect([kept?.roles.length, kept?.members.length, kept?.bans.length, kept?.invites.length]).toEqual([1, 1, 1, 1]);
      // Made again, it is empty.
      await commit({ w: 'putGuild', guild: guildRecord(guildId) });
      const again = await store.guild(guildId);
      expect(again).toEqual({
        guild: guildRecord(guildId),
        channels: [],
        roles: [],
        members: [],
        bans: [],
        invites: [],
      });
    },
  },
  {
    title: 'guildsOf lists the guilds of one user with the row that made each membership',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [user, low, high] = [mint(), mint(), mint()];
      const seq = 2 ** 52 + 1;
      await commit({ w: 'putMember', guildId: high, member: memberRecord(user), seq: 4 });
      await commit({ w: 'putMember', guildId: low, member: memberRecord(user), seq });
      await commit({ w: 'putMember', guildId: high, member: memberRecord(user), seq: 9 });
      expect(await store.guildsOf(user)).toEqual([
        { guild: low, seq },
        { guild: high, seq: 9 },
      ]);
    },
  },
  {
    title: 'a changed member (row 0) keeps the row that made the membership',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const [user, guildId] = [mint(), mint()];
      await commit({ w: 'putMember', guildId, member: memberRecord(user), seq: 4 });
      await commit({ w: 'putMember', guildId, member: memberRecord(user, 'new nick'), seq: 0 });
      expect(await store.guildsOf(user)).toEqual([{ guild: guildId, seq: 4 }]);
    },
  },
  {
    title: 'the owner of a channel never changes',
    run: async ({ store }) => {
      const { commit } = await actor(store);
      const channelId = mint();
      expect(await store.channelOwner(channelId)).toBeNull();
      await commit({ w: 'putChannelOwner', channelId, owner: 'g:1' });
      await commit({ w: 'putChannelOwner', channelId, owner: 'g:2' });
      expect(await store.channelOwner(channelId)).toBe('g:1');
    },
  },
  {
    title: 'DMs load by owner, are listed while they are open, and carry their last message',
    run: async ({ store }) => {
      const [user, peer, first, second] = [mint(), mint(), mint(), mint()];
      const pair = pairKey(user, peer);
      const group = groupKey(second);
      const { commit } = await actor(store, userKey(user));
      expect(await store.dm(pair)).toBeNull();
      await commit({ w: 'putDm', dm: dmRecord(group, second) }, { w: 'putDm', dm: dmRecord(pair, first, '5') });
      expect(await store.dmsOf(user)).toEqual([]);
      for (const owner of [group, pair, pair]) await commit({ w: 'putDmOpen', userId: user, owner, open: true });
      await commit({ w: 'putDmOpen', userId: peer, owner: pair, open: true });
      await commit({ w: 'putLastMessage', channelId: second, messageId: '6' });
      expect(await store.dm(pair)).toEqual(dmRecord(pair, first, '5'));
      expect(await store.dmsOf(user)).toEqual([dmRecord(pair, first, '5'), dmRecord(group, second, '6')]);
      await commit({ w: 'putDmOpen', userId: user, owner: pair, open: false });
      await commit({ w: 'putDmOpen', userId: user, owner: pair, open: false });
      expect(await store.dmsOf(user)).toEqual([dmRecord(group, second, '6')]);
      expect(await store.dmsOf(peer)).toEqual([dmRecord(pair, first, '5')]);
    },
  },
  {
    title: ALIASES,
    run: async ({ store }) => {
      const [user, guild, channel, message] = [mint(), mint(), mint(), mint()];
      const { commit } = await actor(store, userKey(user));
      await commit(
        { w: 'putUser', user: userRecord(user) },
        { w: 'putApplication', application: applicationRecord(user, user) },
        { w: 'putGuild', guild: guildRecord(guild) },
        { w: 'putChannelOwner', channelId: channel, owner: guildKey(guild) },
        { w: 'putMessage', message: messageRecord(channel, message) },
      );
      const alias = (id: string): string => String(BigInt(id) + 2n ** 64n);
      expect(await store.user(alias(user))).toBeNull();
      expect(await store.users([alias(user), user])).toEqual([userRecord(user)]);
      expect(await store.application(alias(user))).toBeNull();
      expect(await store.guild(alias(guild))).toBeNull();
      expect(await store.channelOwner(alias(channel))).toBeNull();
      expect(await store.message(channel, alias(message))).toBeNull();
      const query = { channelId: channel, before: null, after: null, around: null, limit: 5 };
      const found = async (more: object) => (await store.page({ ...query, ...more })).map((each) => each.message.id);
      expect(await found({ before: alias('1') })).toEqual([message]);
      expect(await found({ after: alias('1') })).toEqual([]);
    },
  },
];
