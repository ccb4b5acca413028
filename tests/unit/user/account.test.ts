import { describe, expect, test } from 'bun:test';
import { decideUser } from '../../../src/user/decide.ts';
import { decideName, type NameState } from '../../../src/user/decide-name.ts';
import { answerUser } from '../../../src/user/questions.ts';
import type { UserSelf } from '../../../src/user/self.ts';
import { emptyUser, type UserState } from '../../../src/user/user-state.ts';
import { application, ME, OTHER, okOf, publicUser, refusalOf, Turns, token, userRecord, userRoom } from './fixtures.ts';

const create = (id: string, username = 'nelly') =>
  ({
    kind: 'createAccount',
    user: userRecord(publicUser(id, { username })),
    token: { ...token('h'), user: id },
    application: null,
  }) as const;

describe('a name', () => {
  const free = (): NameState => ({ name: 'nelly', holder: null, claimedAt: null });
  const at = (now: number) => ({ now });

  test('is claimed with account, login and token in one commit', () => {
    const state = free();
    const decision = decideName(state, create(ME, 'Nelly'), at(0));
    expect(okOf<{ id: string }>(decision).id).toBe(ME);
    expect(decision.writes.map(({ w }) => w).sort()).toEqual(['putLogin', 'putToken', 'putUser']);
    expect(decision.writes).toContainEqual({ w: 'putLogin', login: 'nelly', userId: ME });
    expect(decision.tells).toMatchObject([{ to: `u:${ME}`, durable: true, command: { kind: 'createAccount' } }]);
    expect(state.holder).toBe(ME);
  });

  test('is refused to a second one and given to the first one again without a write', () => {
    const state = free();
    decideName(state, create(ME), at(0));
    expect(refusalOf(decideName(state, create(OTHER), at(0)))).toBe('nameTaken');
    expect(refusalOf(decideName(state, { kind: 'claimName', user: OTHER }, at(0)))).toBe('nameTaken');
    expect(decideName(state, create(ME), at(0)).writes).toEqual([]);
    expect(decideName(state, { kind: 'claimName', user: ME }, at(0))).toMatchObject({
      reply: { ok: null },
      writes: [],
    });
  });

  test('is given free by its holder only', () => {
    const state = free();
    decideName(state, { kind: 'claimName', user: ME }, at(0));
    expect(decideName(state, { kind: 'freeName', user: OTHER }, at(0)).writes).toEqual([]);
    expect(decideName(state, { kind: 'freeName', user: ME }, at(0)).writes).toEqual([
      { w: 'deleteLogin', login: 'nelly' },
    ]);
    expect(refusalOf(decideName(state, { kind: 'claimName', user: OTHER }, at(0)))).toBeNull();
  });

  test('of a holder who may not have taken it asks him, once he has had the time', () => {
    const state = free();
    decideName(state, { kind: 'claimName', user: ME }, at(0));
    const want = (now: number) => decideName(state, { kind: 'claimName', user: OTHER }, at(now));
    expect([refusalOf(want(59_999)), want(59_999).tells]).toEqual(['nameTaken', []]);
    const settle = { to: `u:${ME}`, durable: false, command: { kind: 'settleName', name: 'nelly' } };
    expect([refusalOf(want(60_000)), want(60_000).tells]).toMatchObject(['nameTaken', [settle]]);
    expect(decideName(state, create(OTHER), at(60_000)).tells).toMatchObject([settle]);
    expect(decideName({ ...free(), holder: ME }, create(OTHER), at(0)).tells).toMatchObject([settle]);
  });

  test('that was claimed in vain is given free by who does not carry it, e-mail or name', () => {
    const settle = (state: UserState, name: string) =>
      decideUser(state, { kind: 'settleName', name }, new Turns(1).next()).tells;
    const { state } = userRoom();
    state.record = { ...state.record, email: 'Me@example.org' };
    const freed = { durable: true, command: { kind: 'freeName', user: ME } };
    expect(settle(state, 'nelly')).toMatchObject([{ to: 'n:nelly', ...freed }]);
    expect([settle(state, 'user01'), settle(state, 'me@example.org')]).toEqual([[], []]);
    expect(settle(emptyUser(ME), 'me@example.org')).toMatchObject([{ to: 'n:me@example.org', ...freed }]);
  });

  test('takes no account of another name', () => {
    expect(refusalOf(decideName(free(), create(ME, 'someone'), at(0)))).toBe('generalError');
  });
});

describe('an account', () => {
  test('of nobody refuses everything but its creation', () => {
    const state = emptyUser(ME);
    const turn = new Turns(1).next();
    expect(refusalOf(decideUser(state, { kind: 'updateUser', patch: {} }, turn))).toBe('unknownUser');
    expect(answerUser(state, { ask: 'self' })).toMatchObject({ refused: 'unknownUser' });
    const made = decideUser(state, { ...create(ME), application: application(ME) }, turn);
    expect(made.writes.map(({ w }) => w)).toEqual(['putUser', 'putApplication', 'putToken']);
    expect(decideUser(state, create(ME), turn).writes).toEqual([]);
    expect(state.tokens.has('h')).toBe(true);
  });

  test('that changes is stored, shown to its sessions and told to its guilds', () => {
    const { state, decide } = userRoom();
    decide({ kind: 'guildJoined', guild: 'g:1', seq: 5 });
    decide({ kind: 'guildJoined', guild: 'g:2', seq: 5 });
    decide({ kind: 'guildLeft', guild: 'g:2', seq: 6 });
    const decision = decide({ kind: 'updateUser', patch: { global_name: 'Nell' } });
    // Replies are kept for a while: no secret is in them.
    expect(Object.keys(okOf<object>(decision)).sort()).toEqual(['bio', 'email', 'locale', 'user']);
    expect(state.record?.version).toBe(2);
    expect(decision.writes).toEqual([{ w: 'putUser', user: state.record }]);
    expect(decision.rows).toMatchObject([{ topic: `u:${ME}`, t: 'USER_UPDATE', cls: 0 }]);
    expect(decision.tells).toMatchObject([{ to: 'g:1', durable: true, command: { kind: 'userChanged' } }]);
    const self = answerUser(state, { ask: 'self' }) as { ok: UserSelf };
    expect(self.ok).toMatchObject({ id: ME, global_name: 'Nell', mfa_enabled: false, discriminator: '0' });
    expect(JSON.stringify(self)).not.toContain('secret');
  });

  test('that is renamed gives the old name free before it confirms the new one', () => {
    const { decide } = userRoom();
    const { tells } = decide({ kind: 'updateUser', patch: { username: 'nell' } });
    expect(tells).toMatchObject([
      { to: 'n:user01', durable: true, command: { kind: 'freeName' } },
      { to: 'n:nell', durable: true, command: { kind: 'claimName' } },
    ]);
    expect(decide({ kind: 'updateUser', patch: { username: 'Nell' } }).tells).toEqual([]);
    expect(userRoom({ bot: true }).decide({ kind: 'updateUser', patch: { username: 'x' } }).tells).toEqual([]);
  });

  test('with a new password changes for nobody else', () => {
    const { state, decide } = userRoom();
    expect(decide({ kind: 'updateUser', patch: { passwordHash: 'new' } })).toMatchObject({ rows: [], tells: [] });
    expect(state.record.passwordHash).toBe('new');
  });

  test('of a bot has an application that can be changed', () => {
    const { state, decide } = userRoom({ bot: true });
    const decision = decide({ kind: 'updateApplication', patch: { flags: 1 << 18 } });
    expect(decision.writes.map(({ w }) => w)).toEqual(['putApplication', 'putUser']);
    expect([state.application?.flags, state.record.version]).toEqual([1 << 18, 2]);
    expect(refusalOf(userRoom().decide({ kind: 'updateApplication', patch: {} }))).toBe('unknownApplication');
  });
});

describe('logins', () => {
  test('are revoked one by one, or all but one', () => {
    const { decide } = userRoom();
    for (const hash of ['a', 'b', 'c']) decide({ kind: 'addToken', token: token(hash) });
    expect(okOf<string[]>(decide({ kind: 'revokeToken', hash: 'x', except: null }))).toEqual([]);
    expect(decide({ kind: 'revokeToken', hash: 'a', except: null })).toMatchObject({
      reply: { ok: ['a'] },
      writes: [{ w: 'deleteToken', hash: 'a' }],
    });
    expect(okOf<string[]>(decide({ kind: 'revokeToken', hash: null, except: 'c' }))).toEqual(['b']);
  });

  test('are bounded: the oldest goes', () => {
    const { state, decide } = userRoom();
    for (let i = 0; i < 50; i++)
      expect(okOf<string[]>(decide({ kind: 'addToken', token: token(`t${i}`, i) }))).toEqual([]);
    const decision = decide({ kind: 'addToken', token: token('new', 99) });
    expect(okOf<string[]>(decision)).toEqual(['t0']);
    expect(decision.writes.map(({ w }) => w)).toEqual(['putToken', 'deleteToken']);
    expect(state.tokens.size).toBe(50);
  });
});
