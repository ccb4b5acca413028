/** What the command line asks: who comes into being how, and what is asked of whom for it. */
import { afterEach, describe, expect, test } from 'bun:test';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import { createAdmin } from '../../../src/rest/admin.ts';
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

describe('the command line', () => {
  const ask = async (path: string, body: unknown) => {
    const response = await createAdmin(rest.deps).handle(
      new Request(`http://admin${path}`, { method: 'POST', body: JSON.stringify(body) }),
    );
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const ownerPassword = 'correct horse';

  test('a user, with the password that the command line made', async () => {
    open().directory.replies.createAccount = () => ({ ok: null });
    const { status, body } = await ask('/admin/users', { name: 'anna', password: ownerPassword });
    expect([status, Object.keys(body).sort()]).toEqual([200, ['password', 'token', 'user']]);
    expect(body.password).toBe(ownerPassword);
  });

  test('a bot makes its guild and its owner, and is in it with everything', async () => {
    open({ store: { userByLogin: async () => null, applicationsOf: async () => [] } }).directory.replies = {
      createAccount: () => ({ ok: null }),
      guildList: () => ({ ok: [] }),
      createGuild: (command: { id: string; name: string; by: { id: string } }) => ({
        ok: { id: command.id, name: command.name, owner_id: command.by.id, roles: [] },
      }),
      member: () => refuse('unknownMember'),
      addMember: () => ({ ok: {} }),
      createRole: () => ({ ok: { id: '77' } }),
      addMemberRole: () => ({ ok: null }),
      addToken: () => ({ ok: [] }),
    };
    const { status, body } = await ask('/admin/bots', { name: 'pong', guild: 'My guild', ownerPassword });
    const keys = ['bot', 'guild', 'guildMade', 'owner', 'ownerPassword', 'token'];
    expect([status, Object.keys(body).sort(), body.guildMade]).toEqual([200, keys, true]);
    expect(body.ownerPassword).toBe(ownerPassword);
    expect(rest.directory.named('createAccount')[1]).toMatchObject({
      application: { flags: (1 << 12) | (1 << 14) | (1 << 18) },
    });
    expect(rest.directory.named('createRole')).toMatchObject([{ patch: { permissions: '8' } }]);
  });

  test('asked again it is the same bot', async () => {
    open({
      store: {
        userByLogin: async () => ANNA,
        user: async (id) => (id === ANNA ? annaAccount().record : botAccount().record),
        applicationsOf: async () => [applicationRecord()],
      },
    }).directory.replies = {
      guildList: () => ({ ok: [[GUILD, 1]] }),
      guild: () => ({ ok: { id: GUILD, name: 'My guild', owner_id: ANNA, roles: [] } }),
      member: () => ({ ok: {} }),
      addToken: () => ({ ok: [] }),
    };
    const { body } = await ask('/admin/bots', { name: 'pong', guild: 'My guild', owner: 'anna', ownerPassword });
    expect(body).toMatchObject({ bot: { id: BOT }, guild: { id: GUILD } });
    expect('ownerPassword' in body).toBe(false);
  });

  test('a full store is said with 507 only when nothing was stored before', async () => {
    const full = () => Promise.reject(new Fault('full', true, 'the store is full'));
    open({
      store: { userByLogin: async () => ANNA, user: async () => annaAccount().record },
    }).directory.replies.updateUser = full;
    const form = { name: 'anna', password: ownerPassword };
    const sentence = 'The store of this server is full';
    const whole = await ask('/admin/passwords', form);
    expect([whole.status, whole.body.message]).toEqual([507, sentence]);
    rest.directory.replies = { updateUser: () => ({ ok: null }), revokeToken: full };
    const half = await ask('/admin/passwords', form);
    expect([half.status, half.body.message]).toEqual([503, sentence]);
  });

  test('anything else is not there', async () => {
    open();
    expect((await ask('/admin/no', {})).status).toBe(404);
    expect((await ask('/admin/users', { name: 'a', password: ownerPassword })).status).toBe(400);
  });
});
