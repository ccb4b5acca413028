/** People and applications: who comes into being how, and what is asked of whom for it. */
import { afterEach, describe, expect, test } from 'bun:test';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import type { UserRecord } from '../../../src/protocol/records.ts';
import { problemsOf } from '../../support/check-response.ts';
import {
  ANNA,
  annaAccount,
  applicationRecord,
  BOT,
  botAccount,
  type FakeOptions,
  type FakeRest,
  fakeRest,
  GUILD,
} from '../../support/fake-rest.ts';

let rest: FakeRest;
const open = (options: FakeOptions = {}): FakeRest => {
  rest = fakeRest(options);
  return rest;
};
afterEach(() => rest.close());
const post = (path: string, body: unknown, token: string | null = null, ip = '192.0.2.1') =>
  rest.call('POST', path, { body, token, ip });
const said = () => rest.directory.asked.map(({ to, said }) => `${to} ${'kind' in said ? said.kind : said.ask}`);

const [HERE, THERE, ELSEWHERE] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'] as const;

describe('register', () => {
  test('claims e-mail and name, and the account is there with its token', async () => {
    open().directory.replies = { claimName: () => ({ ok: null }), createAccount: () => ({ ok: null }) };
    const body = { username: 'Anna_B', password: 'correct horse', email: 'A@example.org' };
    const response = await post('/auth/register', body);
    const { token, user_id } = (await response.json()) as { token: string; user_id: string };
    expect(response.status).toBe(201);
    expect(atob(token.split('.')[0] ?? '')).toBe(user_id);
    expect(said()).toEqual(['n:a@example.org claimName', 'n:anna_b createAccount']);
    const [{ user, token: record }] = rest.directory.named<{ user: UserRecord; token: { user: string; kind: string } }>(
      'createAccount',
    ) as [never];
    expect(user).toMatchObject({
      passwordHash: 'hashed correct horse',
      user: { username: 'Anna_B', discriminator: '0', bot: false },
    });
    expect(record).toMatchObject({ user: user_id, kind: 'person' });
    expect(JSON.stringify(rest.directory.asked)).not.toContain(token);
  });

  test('an address makes so many accounts in an hour, and hears when it may go on', async () => {
    open({ limits: { registrations: 2 } }).directory.replies = { createAccount: () => ({ ok: null }) };
    const statuses: number[] = [];
    let last = new Response();
    const tries = [
      ...[HERE, HERE, HERE].map((ip, at) => [`anna_${at}`, ip] as const),
      ['bad name', HERE],
      ['berta', THERE],
    ] as const;
    for (const [username, ip] of tries) {
      const response = await post('/auth/register', { username, password: 'correct horse' }, null, ip);
      statuses.push(response.status);
      if (response.status === 429) last = response;
    }
    expect(statuses).toEqual([201, 201, 429, 400, 201]);
    expect(await last.json()).toEqual({
      message: 'You are being rate limited.',
      retry_after: 3600,
      global: false,
      code: 0,
    });
    const said = ['retry-after', 'x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-scope'];
    expect(said.map((name) => last.headers.get(name))).toEqual(['3600', '2', '0', 'user']);
  });

  test('a name that is taken gives the e-mail free', async () => {
    open().directory.replies = {
      claimName: () => ({ ok: null }),
      settleName: () => ({ ok: null }),
      createAccount: () => refuse('nameTaken'),
    };
    const person = { username: 'anna', password: 'correct horse', email: 'a@example.org' };
    const response = await post('/auth/register', person);
    expect(await response.json()).toMatchObject({
      code: 50035,
      errors: { username: { _errors: [{ code: 'USERNAME_ALREADY_TAKEN' }] } },
    });
    const [{ user }] = rest.directory.named<{ user: UserRecord }>('createAccount') as [never];
    expect(said().at(-1)).toBe(`u:${(user as UserRecord).user.id} settleName`);
    expect(rest.directory.named('settleName')).toMatchObject([{ name: 'a@example.org' }]);
  });

  test('a fault has the account itself say whether its e-mail is its own', async () => {
    open().directory.replies = {
      claimName: () => ({ ok: null }),
      createAccount: () => Promise.reject(new Fault('timeout', true, 'the store is slow')),
      settleName: () => Promise.reject(new Fault('timeout', true, 'the store is slow')),
    };
    const person = { username: 'anna', password: 'correct horse', email: 'a@example.org' };
    expect((await post('/auth/register', person)).status).toBe(503);
    expect(said().map((each) => each.split(' ')[1])).toEqual(['claimName', 'createAccount', 'settleName']);
  });

  test.each([
    [{ username: 'a', password: 'correct horse' }, 'username'],
    [{ username: 'a b', password: 'correct horse' }, 'username'],
    [{ username: 'anna', password: 'short' }, 'password'],
    [{ username: 'anna' }, 'password'],
    [{ username: 'anna', password: 'correct horse', email: 'x' }, 'email'],
  ])('%p is refused', async (body, field) => {
    const response = await open().call('POST', '/auth/register', { body, token: null });
    expect(await response.json()).toMatchObject({ code: 50035, errors: { [field]: { _errors: [{}] } } });
  });

  test('closed, or by an invite that works', async () => {
    const body = { username: 'anna', password: 'correct horse' };
    open({ config: { registration: 'closed' } });
    expect((await post('/auth/register', body)).status).toBe(403);
    rest.close();
    open({
      config: { registration: 'invite' },
      store: { invite: async (code) => (code === 'good' ? ({ guild_id: GUILD } as never) : null) },
    });
    rest.directory.replies = { invite: () => ({ ok: {} }), createAccount: () => ({ ok: null }) };
    expect((await post('/auth/register', body)).status).toBe(403);
    expect((await post('/auth/register', { ...body, invite: 'bad' })).status).toBe(400);
    rest.directory.replies.invite = () => refuse('unknownInvite');
    const outrun = await post('/auth/register', { ...body, invite: 'good' });
    expect(await outrun.json()).toMatchObject({ errors: { invite: { _errors: [{ code: 'INVITE_INVALID' }] } } });
    rest.directory.replies.invite = () => ({ ok: {} });
    expect((await post('/auth/register', { ...body, invite: 'good' })).status).toBe(201);
  });
});

describe('log in and out', () => {
  const store = {
    userByLogin: async (login: string) => (login === 'anna' ? ANNA : null),
    user: async (id: string) => (id === ANNA ? annaAccount().record : null),
  };

  test('a new token; those that had to go for it die everywhere', async () => {
    open({ store }).directory.replies.addToken = () => ({ ok: ['old'] });
    const response = await post('/auth/login', { login: 'Anna', password: 'correct horse' });
    expect(((await response.json()) as { token: string }).token).toMatch(/^[^.]+\.[^.]+\.[^.]+$/);
    expect(rest.directory.controls).toEqual([{ control: 'revoked', hashes: ['old'] }]);
  });

  test('a wrong name and a wrong password are one answer, and never a 401', async () => {
    open({ store });
    const answers = [
      await post('/auth/login', { login: 'anna', password: 'x' }),
      await post('/auth/login', { login: 'berta', password: 'x' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([400, 400]);
    const [first, second] = await Promise.all(answers.map((each) => each.text()));
    expect(first).toBe(second as string);
    expect(rest.directory.asked).toEqual([]);
  });

  /** Who tries, from where, and what he hears: two tries of a name at one address, three at all. */
  const guesses: readonly [string, readonly (readonly [name: string, ip: string, status: number])[]][] = [
    [
      'at one address',
      [
        ['anna', HERE, 400],
        ['Anna', HERE, 400],
        ['anna', HERE, 429],
        ['berta', HERE, 400],
      ],
    ],
    [
      'and locks nobody out at another one',
      [
        ['anna', HERE, 400],
        ['anna', HERE, 400],
        ['anna', HERE, 429],
        ['anna', HERE, 429],
        ['anna', THERE, 400],
      ],
    ],
    [
      'also from many',
      [
        ['anna', HERE, 400],
        ['anna', THERE, 400],
        ['anna', ELSEWHERE, 400],
        ['anna', '192.0.2.4', 429],
      ],
    ],
    [
      'and who gives an address for a name spoils nothing there',
      [
        [`${THERE} anna`, HERE, 400],
        [`${THERE} anna`, HERE, 400],
        [`${THERE} anna`, HERE, 429],
        ['anna', THERE, 400],
        ['anna', THERE, 400],
      ],
    ],
    [
      'by all addresses of one network',
      [
        ['anna', '2001:db8::1', 400],
        ['anna', '2001:db8::2', 400],
        ['anna', '2001:db8::3', 429],
        ['anna', '2001:db8:0:1::1', 400],
      ],
    ],
  ];
  test.each(guesses)('guessing the password of one name is slowed down %s', async (_how, tries) => {
    open({ store, limits: { logins: 2, loginsOfName: 3 } });
    for (const [name, ip, status] of tries) {
      expect((await post('/auth/login', { login: name, password: 'x' }, null, ip)).status).toBe(status);
    }
  });

  test('a log-out revokes the token it came with', async () => {
    open().directory.replies.revokeToken = () => ({ ok: ['hash of anna'] });
    expect((await post('/auth/logout', {}, 'anna')).status).toBe(204);
    expect(rest.directory.named('revokeToken')).toMatchObject([{ hash: 'hash of anna', except: null }]);
    expect(rest.directory.controls).toEqual([{ control: 'revoked', hashes: ['hash of anna'] }]);
  });

  test('a new password needs the old one, and ends the other log-ins', async () => {
    open().directory.replies = { updateUser: () => ({ ok: annaAccount().record }), revokeToken: () => ({ ok: ['a'] }) };
    const patch = (body: unknown) => rest.call('PATCH', '/users/@me', { body, token: 'anna' });
    expect((await patch({ new_password: 'battery staple', password: 'wrong' })).status).toBe(400);
    expect((await patch({ new_password: 'battery staple', password: 'correct horse' })).status).toBe(200);
    expect(rest.directory.named('updateUser')).toMatchObject([{ patch: { passwordHash: 'hashed battery staple' } }]);
    expect(rest.directory.named('revokeToken')).toMatchObject([{ hash: null, except: 'hash of anna' }]);
  });

  test('whoever has a token of his cannot guess the password by setting a new one', async () => {
    open({ limits: { logins: 2 } });
    const guess = async () => {
      const body = { new_password: 'battery staple', password: 'wrong' };
      return (await rest.call('PATCH', '/users/@me', { body, token: 'anna' })).status;
    };
    expect([await guess(), await guess(), await guess()]).toEqual([400, 400, 429]);
  });
});

describe('another name', () => {
  const rename = (username: string) => rest.call('PATCH', '/users/@me', { body: { username }, token: 'anna' });

  test('is claimed before the account takes it', async () => {
    open().directory.replies = { claimName: () => ({ ok: null }), updateUser: () => ({ ok: annaAccount().record }) };
    expect((await rename('Ann')).status).toBe(200);
    expect((await rename('Anna')).status).toBe(200);
    expect(said()).toEqual(['n:ann claimName', `u:${ANNA} updateUser`, `u:${ANNA} updateUser`]);
  });

  test.each(['owner', 'Admin', 'SYSTEM'])('is not %s, which the command line trusts', async (name) => {
    open();
    const response = await rename(name);
    expect([response.status, await response.json()]).toMatchObject([400, { errors: { username: {} } }]);
    expect(said()).toEqual([]);
  });

  test('that is taken changes nothing', async () => {
    open().directory.replies = { claimName: () => refuse('nameTaken') };
    expect((await rename('bert')).status).toBe(400);
    expect(said()).toEqual(['n:bert claimName']);
  });

  test.each(['claimName', 'updateUser'])('is settled after a fault of %s', async (name) => {
    open().directory.replies = {
      claimName: () => ({ ok: null }),
      settleName: () => ({ ok: null }),
      [name]: () => Promise.reject(new Fault('timeout', true, 'the store is slow')),
    };
    expect((await rename('ann')).status).toBe(503);
    expect(rest.directory.named('settleName')).toMatchObject([{ name: 'ann' }]);
    expect(said().at(-1)).toBe(`u:${ANNA} settleName`);
  });
});

describe('applications', () => {
  const store = {
    user: async (id: string) => (id === ANNA ? annaAccount().record : botAccount().record),
    application: async (id: string) => (id === BOT ? applicationRecord() : null),
    guildsOf: async () => [{ guild: GUILD, seq: 1 }],
  };

  test.each(['/oauth2/applications/@me', '/applications/@me', '/users/@me'])(
    '%s has what clients need',
    async (path) => {
      const response = await open({ store }).call('GET', path);
      const body = (await response.json()) as object;
      expect(problemsOf('GET', path, response.status, body)).toEqual([]);
      if (path === '/users/@me') return;
      const needed = [
        'id',
        'name',
        'icon',
        'description',
        'bot_public',
        'bot_require_code_grant',
        'verify_key',
        'owner',
      ];
      expect(Object.keys(body)).toEqual(expect.arrayContaining(needed));
    },
  );

  test('the owner grants privileged intents; a bot only the limited ones', async () => {
    open({ store }).directory.replies.updateApplication = (command: { patch: object }) => ({
      ok: { ...applicationRecord(), ...command.patch },
    });
    const all = 2 ** 20 - 1;
    await rest.call('PATCH', `/applications/${BOT}`, { body: { flags: all }, token: 'anna' });
    await rest.call('PATCH', '/applications/@me', { body: { flags: all } });
    const flags = rest.directory
      .named<{ patch: { flags: number } }>('updateApplication')
      .map(({ patch }) => patch.flags);
    expect(flags).toEqual([(3 << 12) | (3 << 14) | (3 << 18), (1 << 13) | (1 << 15) | (1 << 19)]);
    expect(rest.directory.controls).toContainEqual({ control: 'userChanged', user: BOT });
  });

  test('a bot and its token; a reset kills the old ones; others learn nothing', async () => {
    open({ store }).directory.replies = {
      createAccount: () => ({ ok: null }),
      revokeToken: () => ({ ok: ['old'] }),
      addToken: () => ({ ok: [] }),
    };
    const made = await post('/applications', { name: 'pong' }, 'anna');
    expect(made.status).toBe(201);
    expect(rest.directory.named('createAccount')).toMatchObject([
      { token: null, application: { owner: ANNA, flags: 0 }, user: { user: { bot: true } } },
    ]);
    const reset = await post(`/applications/${BOT}/bot/reset`, {}, 'anna');
    expect((await reset.json()) as object).toMatchObject({ token: expect.stringMatching(/\..+\./) });
    expect(rest.directory.controls).toEqual([{ control: 'revoked', hashes: ['old'] }]);
    expect((await post('/applications/1100000000000000099/bot', {}, 'anna')).status).toBe(404);
    expect((await post(`/applications/${BOT}/bot`, {}, 'bot')).status).toBe(403);
  });

  test('a manager adds a bot, with no more bits than he has', async () => {
    open({ store }).directory.replies = {
      guild: () => ({ ok: { id: GUILD, owner_id: '1', roles: [{ id: GUILD, permissions: '3' }] } }),
      member: (question: { by: string }) => (question.by === '0' ? refuse('unknownMember') : { ok: { roles: [] } }),
      addMember: () => ({ ok: {} }),
      createRole: () => ({ ok: { id: '77' } }),
      addMemberRole: () => ({ ok: null }),
    };
    const response = await post(
      `/oauth2/authorize?client_id=${BOT}&scope=bot&permissions=10`,
      { guild_id: GUILD, authorize: true },
      'anna',
    );
    expect([response.status, Object.keys((await response.json()) as object)]).toEqual([200, ['location']]);
    expect(rest.directory.named('addMember')).toMatchObject([{ by: { id: ANNA }, user: { id: BOT } }]);
    expect(rest.directory.named('createRole')).toMatchObject([
      { by: { id: '0' }, patch: { name: 'pong', permissions: '2' } },
    ]);
  });
});
