/** Every other route: what reaches which owner, and that a success has the status that is documented. */
import { afterAll, afterEach, describe, expect, test } from 'bun:test';
import type { Reply } from '../../../src/protocol/decision.ts';
import { ROUTES } from '../../../src/rest/routes.ts';
import { isOfficial, operationOf } from '../../support/check-response.ts';
import {
  ANNA,
  annaAccount,
  applicationRecord,
  BOT,
  botAccount,
  CHANNEL,
  type FakeOptions,
  type FakeRest,
  fakeRest,
  GUILD,
} from '../../support/fake-rest.ts';
import { CASES, COMMAND_FORM, USER } from '../../support/rest-cases.ts';

const store: FakeOptions['store'] = {
  user: async (id) => (id === ANNA ? annaAccount().record : botAccount().record),
  users: async (ids) => ids.map((id) => ({ ...annaAccount().record, user: { ...annaAccount().record.user, id } })),
  invite: async (code) => (code === 'abc' ? ({ guild_id: GUILD } as never) : null),
  application: async (id) => (id === BOT ? applicationRecord() : null),
  applicationsOf: async () => [],
};

let rest: FakeRest;
const open = (): FakeRest => {
  rest = fakeRest({ store: store ?? {} });
  return rest;
};
afterEach(() => rest?.close());

const answers = (reply: unknown) => new Proxy({}, { get: () => (): Reply => ({ ok: reply }) });
const called = new Set<string>();

/** `POST /guilds` -> the key of the route table that took it. */
function remember(method: string, path: string): void {
  const parts = path.replace(/\?.*$/, '').split('/');
  const fits = (pattern: string) => {
    const wanted = pattern.split('/');
    return wanted.length === parts.length && wanted.every((part, at) => part.startsWith(':') || part === parts[at]);
  };
  const route = ROUTES.find((each) => each.method === method && fits(each.path));
  if (route) called.add(`${route.method} ${route.path}`);
}

describe('routes', () => {
  test.each(CASES.map((each) => [each.call, each] as const))(
    '%s',
    async (call, { body, token = 'bot', to, status, said, reply = null }) => {
      open().directory.replies = answers(reply);
      const [method = '', path = ''] = call.split(' ');
      remember(method, path);
      const response = await rest.call(method, path, { token, ...(body === undefined ? {} : { body }) });
      expect([response.status, rest.reports]).toEqual([status, []]);
      const owners = rest.directory.asked.map(
        ({ to: owner, said: what }) => `${owner} ${'kind' in what ? what.kind : what.ask}`,
      );
      expect(owners.map((each, index) => (to[index]?.includes('*') ? each.replace(/:\d+ /, ':* ') : each))).toEqual([
        ...to,
      ]);
      if (said) expect(rest.directory.asked.at(-1)?.said as object).toMatchObject(said);
      if (isOfficial(method, path))
        expect([...(operationOf(method, path)?.responses.keys() ?? [])]).toContain(String(status));
      if (status === 204) expect(await response.text()).toBe('');
      const written = rest.directory.asked.filter(({ said: what }) => 'kind' in what);
      expect(written.every(({ commandId }) => commandId !== null && commandId.length > 0)).toBe(true);
    },
  );

  test.each([
    ['POST', `/applications/${USER}/commands`, 'another application'],
    ['GET', `/applications/${USER}/guilds/${GUILD}/commands`, 'another application'],
  ])('%s %s: %s is not his', async (method, path) => {
    const response = await open().call(method, path, { body: method === 'GET' ? undefined : COMMAND_FORM });
    expect(((await response.json()) as { code: number }).code).toBe(50001);
  });

  test.each([
    [{ name: 'Ping', description: 'a' }, 'name'],
    [{ name: 'a b', description: 'a' }, 'name'],
    [{ name: 'ping' }, 'description'],
    [{ name: 'ping', description: 'a', options: [{ type: 3, name: 'x' }] }, 'options'],
  ])('the command %p is refused', async (body, field) => {
    const response = await open().call('POST', `/applications/${BOT}/commands`, { body });
    expect((await response.json()) as object).toMatchObject({ code: 50035, errors: { [field]: {} } });
  });

  test('the members of a guild need their grant', async () => {
    open();
    expect((await rest.call('GET', `/guilds/${GUILD}/members`)).status).toBe(403);
    rest.directory.replies = answers([]);
    expect((await rest.call('GET', `/guilds/${GUILD}/members?limit=1000`, { token: 'anna' })).status).toBe(200);
    expect(rest.directory.asked.at(-1)?.said as object).toMatchObject({ limit: 1000, after: '0' });
  });

  test('a person is added with a token of his own, once', async () => {
    open();
    const add = async (user: string, access_token: string) =>
      (await rest.call('PUT', `/guilds/${GUILD}/members/${user}`, { body: { access_token, nick: 'a' } })).status;
    expect(await add(ANNA, 'wrong')).toBe(403);
    expect(await add(ANNA, 'bot')).toBe(403);
    expect(await add(USER, 'anna')).toBe(403);
    rest.directory.replies = { member: () => ({ refused: 'unknownMember' }), addMember: () => ({ ok: {} }) };
    expect(await add(ANNA, 'anna')).toBe(201);
    expect(rest.directory.named('addMember')).toMatchObject([{ by: { id: BOT }, user: { id: ANNA }, nick: 'a' }]);
    rest.directory.replies = answers({});
    expect(await add(ANNA, 'anna')).toBe(204);
  });

  test('an id that is none', async () => {
    const response = await open().call('GET', '/guilds/abc');
    expect(await response.json()).toMatchObject({
      code: 50035,
      errors: { guild_id: { _errors: [{ code: 'NUMBER_TYPE_COERCE' }] } },
    });
  });

  test.each([`/guilds/${GUILD}/roles/member-counts`, `/applications/${BOT}/guilds/${GUILD}/commands/permissions`])(
    '%s is not there, and no id that is none',
    async (path) => {
      const response = await open().call('GET', path);
      expect([response.status, await response.json()]).toEqual([404, { message: '404: Not Found', code: 0 }]);
    },
  );

  test('an invite has a code that leads nowhere yet', async () => {
    const seen: string[] = [];
    const invite = async (code: string) => (seen.push(code) < 3 ? ({ guild_id: GUILD } as never) : null);
    rest = fakeRest({ store: { ...store, invite } });
    rest.directory.replies = { createInvite: () => ({ ok: null }) };
    const made = async () => (await rest.call('POST', `/channels/${CHANNEL}/invites`, { body: {} })).status;
    expect(await made()).toBe(200);
    expect(rest.directory.named('createInvite')).toMatchObject([{ code: seen[2] }]);
    expect(new Set(seen).size).toBe(3);
  });

  test('people only, bots only', async () => {
    open();
    expect(await (await rest.call('POST', '/guilds', { body: { name: 'My guild' } })).json()).toMatchObject({
      code: 20001,
    });
    expect(await (await rest.call('GET', '/applications/@me', { token: 'anna' })).json()).toMatchObject({
      code: 20002,
    });
  });
});

describe("one's own guilds", () => {
  test('with what one is and may do there; one that is gone meanwhile is left out', async () => {
    open().directory.replies = {
      guildList: () => ({
        ok: [
          ['1', 1],
          ['2', 1],
          ['3', 1],
        ],
      }),
      guild: (_question: unknown, to: string) =>
        to === 'g:3'
          ? { refused: 'unknownGuild' as const }
          : {
              ok: {
                id: to.slice(2),
                name: 'a',
                icon: null,
                banner: null,
                features: [],
                owner_id: to === 'g:1' ? BOT : '9',
                roles: [
                  { id: to.slice(2), permissions: '1' },
                  { id: '8', permissions: '4' },
                  { id: '7', permissions: '2' },
                ],
              },
            },
      member: () => ({ ok: { roles: ['8'] } }),
    };
    const body = (await (await rest.call('GET', '/users/@me/guilds')).json()) as {
      id: string;
      owner: boolean;
      permissions: string;
    }[];
    expect(body.map(({ id, owner }) => [id, owner])).toEqual([
      ['1', true],
      ['2', false],
    ]);
    expect(body[1]?.permissions).toBe('5');
    expect(BigInt(body[0]?.permissions ?? 0) & 8n).toBe(8n);
  });
});

/** Called in the other tests of this room. */
const ELSEWHERE = new RegExp(
  [
    'gateway|auth|pins|typing|regions$|nick$|members$',
    'PUT .*members/:userId$|messages(/:messageId)?$|reactions/:emoji$',
    '/users/@me$|/applications(/@me|/:applicationId(/bot.*)?)?$',
  ].join('|'),
);

afterAll(() => {
  const missed = ROUTES.map(({ method, path }) => `${method} ${path}`).filter(
    (each) => !called.has(each) && !ELSEWHERE.test(each),
  );
  if (missed.length > 0) throw new Error(`no test calls ${missed.join(', ')}`);
});
