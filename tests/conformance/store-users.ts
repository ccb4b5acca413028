import { expect } from 'bun:test';
import { guildKey, userKey } from '../../src/protocol/ids.ts';
import { actor, type Case } from './store-cases.ts';
import { applicationRecord, commandRecord, mint, tokenRecord, userRecord } from './store-records.ts';

export const userCases: readonly Case[] = [
  {
    title: 'user and users: the present record, in the order asked, the unknown left out',
    run: async ({ store }) => {
      const [a, b, unknown] = [mint(), mint(), mint()];
      const { commit } = await actor(store, userKey(a));
      expect(await store.user(a)).toBeNull();
      await commit({ w: 'putUser', user: userRecord(a) }, { w: 'putUser', user: userRecord(b) });
      await commit({ w: 'putUser', user: userRecord(a, 2) });
      expect(await store.user(a)).toEqual(userRecord(a, 2));
      expect(await store.users([b, unknown, a])).toEqual([userRecord(b), userRecord(a, 2)]);
      expect(await store.users([])).toEqual([]);
    },
  },
  {
    title: 'a login leads to its user until it is deleted, whatever it is made of',
    run: async ({ store }) => {
      const id = mint();
      const { commit } = await actor(store, userKey(id));
      for (const login of [`plain-${id}`, `${id}`, `nul\u0000-${id}`, `'"; --${id}`, `🦊${id}`]) {
        expect(await store.userByLogin(login)).toBeNull();
        await commit({ w: 'putLogin', login, userId: '3' }, { w: 'putLogin', login, userId: id });
        expect(await store.userByLogin(login)).toBe(id);
        await commit({ w: 'deleteLogin', login }, { w: 'deleteLogin', login });
        expect(await store.userByLogin(login)).toBeNull();
      }
    },
  },
  {
    title: 'tokens are found by hash and by user',
    run: async ({ store }) => {
      const [user, other] = [mint(), mint()];
      const { commit } = await actor(store, userKey(user));
      const tokens = ['a', 'b', 'c'].map((letter) => tokenRecord(letter === 'c' ? other : user, `${letter}-${user}`));
      for (const token of tokens) await commit({ w: 'putToken', token }, { w: 'putToken', token });
      expect(await store.tokensOf(user)).toEqual(tokens.slice(0, 2));
      expect(await store.token(`c-${user}`)).toEqual(tokens[2]!);
      await commit({ w: 'deleteToken', hash: `a-${user}` }, { w: 'deleteToken', hash: `a-${user}` });
      expect(await store.token(`a-${user}`)).toBeNull();
      expect(await store.tokensOf(user)).toEqual(tokens.slice(1, 2));
    },
  },
  {
    title: 'applications are found by id and by owner, their commands by application',
    run: async ({ store }) => {
      const [id, second, owner, first] = [mint(), mint(), mint(), mint()];
      const { commit } = await actor(store, userKey(id));
      expect(await store.application(id)).toBeNull();
      await commit(
        { w: 'putApplication', application: applicationRecord(second, owner) },
        { w: 'putApplication', application: applicationRecord(id, owner) },
        { w: 'putApplication', application: applicationRecord(id, owner, 'renamed') },
        { w: 'putCommand', command: commandRecord(id, second) },
        { w: 'putCommand', command: commandRecord(id, first, 'old') },
        { w: 'putCommand', command: commandRecord(id, first, 'new') },
        { w: 'putCommand', command: commandRecord(second, first) },
      );
      expect(await store.application(id)).toEqual(applicationRecord(id, owner, 'renamed'));
      const his = await store.applicationsOf(owner);
      expect(his).toEqual([applicationRecord(id, owner, 'renamed'), applicationRecord(second, owner)]);
      expect(await store.commandsOf(id)).toEqual([commandRecord(id, second), commandRecord(id, first, 'new')]);
      await commit({ w: 'deleteCommand', application: id, id: second });
      await commit({ w: 'deleteCommand', application: id, id: second });
      expect(await store.commandsOf(id)).toEqual([commandRecord(id, first, 'new')]);
      expect(await store.commandsOf(second)).toEqual([commandRecord(second, first)]);
    },
  },
  {
    title: 'heardBy gives the last number heard from each teller',
    run: async ({ store }) => {
      const user = mint();
      const { commit } = await actor(store, userKey(user));
      expect(await store.heardBy(user)).toEqual(new Map());
      const high = 2 ** 52 + 7;
      await commit({ w: 'putHeard', user, teller: guildKey('1'), seq: 4 });
      await commit({ w: 'putHeard', user, teller: guildKey('1'), seq: high });
      await commit({ w: 'putHeard', user, teller: guildKey('2'), seq: 5 });
      const heard = new Map([
        [guildKey('1'), high],
        [guildKey('2'), 5],
      ]);
      expect(await store.heardBy(user)).toEqual(heard);
    },
  },
];
