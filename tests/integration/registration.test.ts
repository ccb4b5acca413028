/** Who may make an account, as the server was told at its start. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { answerOf } from '../support/call-rest.ts';
import { Town } from '../support/town.ts';

let town: Town;
let code: string;
let owner: string;

/** The first guild comes from the command line: nobody else is there to invite. */
async function admin<T>(path: string, body: object): Promise<T> {
  const response = await fetch(`http://guildhall/admin/${path}`, {
    method: 'POST',
    unix: `${town.dataDir}/guildhall.sock`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

beforeAll(async () => {
  town = await Town.open({ config: { registration: 'invite' } });
  const { token } = await admin<{ token: string }>('users', { name: 'host', password: 'a long password' });
  const { guild } = await admin<{ guild: { id: string } }>('guilds', { name: 'Home', owner: 'host' });
  owner = token;
  const channels = await town.rest<{ id: string; type: number }[]>(owner, 'GET', `/guilds/${guild.id}/channels`);
  const channel = channels.find(({ type }) => type === 0)?.id ?? '';
  code = (await town.rest<{ code: string }>(owner, 'POST', `/channels/${channel}/invites`, {})).code;
});
afterAll(() => town[Symbol.asyncDispose]());

const register = (username: string, more: object) =>
  answerOf(town.url, null, 'POST', '/auth/register', { username, password: 'a long password', ...more });

test('by invite: who names one that works gets an account, and goes in with it', async () => {
  expect((await register('nobody', {})).status).toBe(403);
  expect(await register('nobody', { invite: 'no-such-invite' })).toMatchObject({
    status: 400,
    body: { code: 50035, errors: { invite: { _errors: [{ code: 'INVITE_INVALID' }] } } },
  });
  const { status, body } = await register('guest', { invite: code });
  expect(status).toBe(201);
  const { token } = body as { token: string };
  await town.rest(token, 'POST', `/invites/${code}`, {});
  expect(await town.rest<object[]>(token, 'GET', '/users/@me/guilds')).toMatchObject([{ name: 'Home' }]);
});

test('by invite: one that was deleted counts no more', async () => {
  await town.rest(owner, 'DELETE', `/invites/${code}`);
  expect((await register('late', { invite: code })).status).toBe(400);
});
