/** A day over HTTP against the running server with two workers: every answer is held against the official schemas. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { connect } from 'node:net';
import type { APIChannel, APIInvite, APIMessage, APIRole } from 'discord-api-types/v10';
import { answerOf, type RestMethod } from '../support/call-rest.ts';
import { isOfficial, problemsOf } from '../support/check-response.ts';
import { type Bot, type Person, type Place, Town, tokenOf } from '../support/town.ts';

let town: Town;
let anna: Person;
let bert: Person;
let bot: Bot;
let place: Place;

beforeAll(async () => {
  town = await Town.open();
  [anna, bert] = [await town.person('anna'), await town.person('bert')];
  place = await town.guild(anna, 'Anna and friends');
  await town.join(anna, place, bert);
  bot = await town.bot('pong', place.id);
});
afterAll(() => town[Symbol.asyncDispose]());

/** The body of an answer with this status, which must be as the specification has it. */
async function call<T>(
  who: Person | Bot,
  method: RestMethod,
  path: string,
  body?: unknown,
  status = method === 'GET' ? 200 : 204,
): Promise<T> {
  const answered = await answerOf(town.url, tokenOf(who), method, path, body);
  expect([`${method} ${path}`, answered.status, answered.status === status ? null : answered.text]).toEqual([
    `${method} ${path}`,
    status,
    null,
  ]);
  expect([`${method} ${path}`, problemsOf(method, path, answered.status, answered.body)]).toEqual([
    `${method} ${path}`,
    [],
  ]);
  return answered.body as T;
}
const codeOf = async (who: Person | Bot, method: RestMethod, path: string, body?: unknown): Promise<number> => {
  const answered = await answerOf(town.url, tokenOf(who), method, path, body);
  expect(problemsOf(method, path, answered.status, answered.body)).toEqual([]);
  return (answered.body as { code: number }).code;
};

describe('who one is', () => {
  test('users and applications', async () => {
    expect(await call<object>(bot, 'GET', '/users/@me')).toMatchObject({ id: bot.id, bot: true });
    await call(anna, 'GET', '/users/@me');
    await call(bot, 'GET', `/users/${anna.id}`);
    expect(await codeOf(bot, 'GET', '/users/1100000000000000099')).toBe(10013);
    await call(bot, 'GET', '/applications/@me');
    await call(bot, 'GET', '/oauth2/applications/@me');
    expect(await call<object>(bot, 'PATCH', '/applications/@me', { description: 'answers' }, 200)).toMatchObject({
      description: 'answers',
    });
    expect(await call<object>(bot, 'PATCH', '/users/@me', { username: 'ping' }, 200)).toMatchObject({
      username: 'ping',
    });
  });

  test('guilds', async () => {
    expect(await call<object[]>(bot, 'GET', '/users/@me/guilds?with_counts=true')).toMatchObject([
      { id: place.id, owner: false },
    ]);
    const [his] = await call<{ id: string; owner: boolean; permissions: string; approximate_member_count: number }[]>(
      anna,
      'GET',
      '/users/@me/guilds?with_counts=true',
    );
    expect(his).toMatchObject({ id: place.id, owner: true });
    await call(bert, 'GET', `/users/@me/guilds/${place.id}/member`);
  });
});

describe('a guild', () => {
  test('reads', async () => {
    for (const path of [
      '',
      '?with_counts=true',
      '/preview',
      '/channels',
      '/members?limit=10',
      '/members/search?query=an',
      `/members/${bert.id}`,
      '/roles',
      `/roles/${place.id}`,
      '/bans',
      '/invites',
      '/regions',
    ]) {
      await call(anna, 'GET', `/guilds/${place.id}${path}`);
    }
    await call(anna, 'GET', '/voice/regions');
    expect(await codeOf(anna, 'GET', '/guilds/1100000000000000099')).toBe(10004);
    expect(await codeOf(anna, 'GET', `/guilds/${place.id}/voice-states/@me`)).toBe(10065);
  });

  test('channels, roles, overwrites', async () => {
    const guild = `/guilds/${place.id}`;
    const channel = await call<APIChannel>(anna, 'POST', `${guild}/channels`, { name: 'more', topic: 'all' }, 201);
    const voice = await call<APIChannel>(anna, 'POST', `${guild}/channels`, { name: 'talk', type: 2 }, 201);
    await call(anna, 'PATCH', `/channels/${channel.id}`, { topic: null, rate_limit_per_user: 5 }, 200);
    const role = await call<APIRole>(anna, 'POST', `${guild}/roles`, { name: 'helpers', permissions: '1024' }, 200);
    await call(anna, 'PATCH', `${guild}/roles/${role.id}`, { color: 255, hoist: true }, 200);
    await call(anna, 'PATCH', `${guild}/roles`, [{ id: role.id, position: 1 }], 200);
    await call(anna, 'PUT', `${guild}/members/${bert.id}/roles/${role.id}`);
    await call(anna, 'PUT', `/channels/${channel.id}/permissions/${place.id}`, { type: 0, deny: '1024' });
    expect(await codeOf(bert, 'GET', `/channels/${channel.id}`)).toBe(50001);
    await call(anna, 'DELETE', `/channels/${channel.id}/permissions/${place.id}`);
    await call(bert, 'GET', `/channels/${channel.id}`);
    await call(anna, 'PATCH', `${guild}/channels`, [{ id: voice.id, position: 0 }]);
    await call(anna, 'DELETE', `${guild}/members/${bert.id}/roles/${role.id}`);
    await call(anna, 'DELETE', `${guild}/roles/${role.id}`);
    await call(anna, 'DELETE', `/channels/${channel.id}`, undefined, 200);
    expect(await codeOf(bert, 'DELETE', `/channels/${voice.id}`)).toBe(50013);
  });

  test('members, bans, invites', async () => {
    const guild = `/guilds/${place.id}`;
    const cora = await town.person('cora');
    const invite = await call<APIInvite>(anna, 'POST', `/channels/${place.channel}/invites`, { max_uses: 3 }, 200);
    await call(cora, 'GET', `/invites/${invite.code}?with_counts=true`);
    await call(anna, 'GET', `/channels/${place.channel}/invites`);
    await town.rest(cora.token, 'POST', `/invites/${invite.code}`, {});
    await call(anna, 'PATCH', `${guild}/members/${cora.id}`, { nick: 'Cora' }, 200);
    await call(cora, 'PATCH', `${guild}/members/@me`, { nick: null }, 200);
    await call(anna, 'PUT', `${guild}/bans/${cora.id}`, { delete_message_seconds: 60 });
    await call(anna, 'GET', `${guild}/bans/${cora.id}`);
    expect(await codeOf(cora, 'POST', `/invites/${invite.code}`, {})).toBe(40007);
    await call(anna, 'DELETE', `${guild}/bans/${cora.id}`);
    expect(await call<object>(anna, 'POST', `${guild}/bulk-ban`, { user_ids: [cora.id] }, 200)).toMatchObject({
      banned_users: [cora.id],
    });
    await call(anna, 'DELETE', `/invites/${invite.code}`, undefined, 200);
    expect(await codeOf(anna, 'GET', `/invites/${invite.code}`)).toBe(10006);
  });

  test('is made and deleted', async () => {
    expect(isOfficial('POST', '/guilds')).toBe(false);
    const { id } = await town.rest<{ id: string }>(anna.token, 'POST', '/guilds', { name: 'short' });
    await call(anna, 'PATCH', `/guilds/${id}`, { name: 'shorter', description: 'a' }, 200);
    await call(anna, 'DELETE', `/guilds/${id}`);
    expect(await codeOf(anna, 'GET', `/guilds/${id}`)).toBe(10004);
  });
});

describe('messages', () => {
  const path = () => `/channels/${place.channel}/messages`;

  test('live their life', async () => {
    const embed = {
      title: 'a',
      timestamp: '2026-01-01T00:00:00+01:00',
      fields: [{ name: 'n', value: 'v' }],
      footer: { text: 'f' },
    };
    const components = [{ type: 1, components: [{ type: 2, style: 1, label: 'press', custom_id: 'p' }] }];
    const one = await call<APIMessage>(
      anna,
      'POST',
      path(),
      { content: `hi <@${bert.id}>`, nonce: '1', embeds: [embed], components },
      200,
    );
    const two = await call<APIMessage>(
      bert,
      'POST',
      path(),
      { content: 'hi', message_reference: { message_id: one.id } },
      200,
    );
    await call(anna, 'PATCH', `${path()}/${one.id}`, { content: 'hello' }, 200);
    await call(bert, 'POST', `/channels/${place.channel}/typing`);
    await call(bert, 'PUT', `${path()}/${one.id}/reactions/${encodeURIComponent('👍')}/@me`);
    await call(bert, 'GET', `${path()}/${one.id}/reactions/${encodeURIComponent('👍')}`);
    const [newest, older] = await call<APIMessage[]>(bert, 'GET', `${path()}?limit=2`);
    expect([newest?.id, older?.id, older?.content]).toEqual([two.id, one.id, 'hello']);
    expect(older?.reactions).toMatchObject([{ emoji: { name: '👍' }, count: 1, me: true }]);
    await call(anna, 'PUT', `${path()}/pins/${one.id}`);
    expect(await call<object>(anna, 'GET', `${path()}/pins`)).toMatchObject({
      items: [{ message: { id: one.id, pinned: true } }],
      has_more: false,
    });
    await call(anna, 'GET', `/channels/${place.channel}/pins`);
    await call(anna, 'DELETE', `${path()}/pins/${one.id}`);
    await call(anna, 'DELETE', `${path()}/${one.id}/reactions`);
    await call(anna, 'GET', `${path()}/${one.id}`);
    await call(bert, 'DELETE', `${path()}/${two.id}`);
    expect(await codeOf(bert, 'GET', `${path()}/${two.id}`)).toBe(10008);
    expect(await codeOf(bert, 'PATCH', `${path()}/${one.id}`, { content: 'mine' })).toBe(50005);
    expect(await codeOf(bert, 'POST', path(), {})).toBe(50006);
    expect(await codeOf(bert, 'POST', path(), { content: 'a'.repeat(2001) })).toBe(50035);
    const three = await call<APIMessage>(anna, 'POST', path(), { content: 'a' }, 200);
    await call(anna, 'POST', `${path()}/bulk-delete`, { messages: [one.id, three.id] });
  });

  test('the same nonce is the same message', async () => {
    const first = await call<APIMessage>(anna, 'POST', path(), { content: 'once', nonce: 'n1' }, 200);
    const again = await call<APIMessage>(anna, 'POST', path(), { content: 'once', nonce: 'n1' }, 200);
    expect(again.id).toBe(first.id);
  });

  test('with a file that comes back as it was', async () => {
    const form = new FormData();
    form.append('payload_json', JSON.stringify({ content: 'see', attachments: [{ id: 0, description: 'a list' }] }));
    form.append('files[0]', new File(['one\ntwo'], 'my list.txt'));
    const { attachments } = await call<APIMessage>(anna, 'POST', path(), form, 200);
    expect(attachments).toMatchObject([{ filename: 'my_list.txt', size: 7, description: 'a list' }]);
    const response = await fetch(attachments[0]?.url ?? '');
    expect([response.status, await response.text(), response.headers.get('x-content-type-options')]).toEqual([
      200,
      'one\ntwo',
      'nosniff',
    ]);
  });

  test('between two people', async () => {
    const dm = await call<APIChannel>(anna, 'POST', '/users/@me/channels', { recipient_id: bert.id }, 200);
    const again = await call<APIChannel>(bert, 'POST', '/users/@me/channels', { recipient_id: anna.id }, 200);
    expect(again.id).toBe(dm.id);
    await call(anna, 'POST', `/channels/${dm.id}/messages`, { content: 'psst' }, 200);
    expect(await call<APIMessage[]>(bert, 'GET', `/channels/${dm.id}/messages`)).toMatchObject([{ content: 'psst' }]);
    await call(anna, 'GET', `/channels/${dm.id}`);
    // A DM of others does not exist.
    expect(await codeOf(bot, 'GET', `/channels/${dm.id}`)).toBe(10003);
    const listed = await answerOf(town.url, bert.token, 'GET', '/users/@me/channels');
    expect(listed.body as object[]).toMatchObject([{ id: dm.id, type: 1, recipients: [{ id: anna.id }] }]);
    await call(anna, 'DELETE', `/channels/${dm.id}`, undefined, 200);
  });
});

test('application commands, global and of a guild', async () => {
  const guild = (await call<{ id: string }[]>(bot, 'GET', '/users/@me/guilds'))[0]?.id ?? '';
  for (const scope of ['', `/guilds/${guild}`]) {
    const path = `/applications/${bot.id}${scope}/commands`;
    const form = {
      name: 'ping',
      description: 'pong',
      options: [{ type: 3, name: 'text', description: 'what', required: true }],
    };
    const { id } = await call<{ id: string }>(bot, 'POST', path, form, 201);
    await call(bot, 'POST', path, form, 200);
    await call(bot, 'GET', `${path}/${id}`);
    await call(bot, 'PATCH', `${path}/${id}`, { description: 'PONG' }, 200);
    expect(
      await call<object[]>(
        bot,
        'PUT',
        path,
        [
          { ...form, description: 'p' },
          { name: 'Mark', type: 3 },
        ],
        200,
      ),
    ).toMatchObject([{ id, description: 'p' }, { type: 3 }]);
    await call(bot, 'GET', `${path}?with_localizations=true`);
    await call(bot, 'DELETE', `${path}/${id}`);
    expect(await codeOf(bot, 'GET', `${path}/${id}`)).toBe(10063);
  }
});

test('a person makes a bot, adds it to a guild, resets its token', async () => {
  const { id } = await town.rest<{ id: string }>(anna.token, 'POST', '/applications', { name: 'made' });
  const { token } = await town.rest<{ token: string }>(anna.token, 'POST', `/applications/${id}/bot`, {});
  const made: Bot = { kind: 'bot', id, name: 'made', token };
  expect(await call<object[]>(made, 'GET', '/users/@me/guilds')).toEqual([]);
  await town.rest(anna.token, 'POST', `/oauth2/authorize?client_id=${id}&permissions=8`, {
    guild_id: place.id,
    authorize: true,
  });
  expect(await call<object[]>(made, 'GET', '/users/@me/guilds')).toMatchObject([{ id: place.id, owner: false }]);
  const reset = await town.rest<{ token: string }>(anna.token, 'POST', `/applications/${id}/bot/reset`, {});
  expect((await answerOf(town.url, `Bot ${token}`, 'GET', '/users/@me')).status).toBe(401);
  await call({ ...made, token: reset.token }, 'GET', '/users/@me');
  await call({ ...made, token: reset.token }, 'DELETE', `/users/@me/guilds/${place.id}`);
});

test('one logs in, and out', async () => {
  const login = await town.rest<{ token: string }>(null, 'POST', '/auth/login', {
    login: anna.name.toUpperCase(),
    password: 'a long password 1',
  });
  await call({ ...anna, token: login.token }, 'GET', '/users/@me');
  await town.rest(login.token, 'POST', '/auth/logout', {});
  expect((await answerOf(town.url, login.token, 'GET', '/users/@me')).status).toBe(401);
  await call(anna, 'GET', '/users/@me');
});

test('a long answer is whole however often it is asked for, and has no chunks for who knows none', async () => {
  const text = 'long '.repeat(300);
  for (let n = 0; n < 12; n += 1) await town.say(anna, place.channel, text);
  const page = `/channels/${place.channel}/messages?limit=12`;
  const first = await call<APIMessage[]>(anna, 'GET', page);
  expect(first.map(({ content }) => content)).toEqual(Array.from({ length: 12 }, () => text.trim()));
  expect(await call<APIMessage[]>(anna, 'GET', page)).toEqual(first);
  const [head, body = ''] = await askAsBefore(page);
  expect(head).not.toMatch(/transfer-encoding/i);
  expect(JSON.parse(body)).toEqual(first);
});

/** Head and body of an answer over HTTP/1.0. */
function askAsBefore(path: string): Promise<string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<string[]>();
  let heard = '';
  const socket = connect(town.port, '127.0.0.1').setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    heard += chunk;
  });
  socket.on('close', () => resolve(heard.split('\r\n\r\n'))).on('error', reject);
  socket.write(`GET /api/v10${path} HTTP/1.0\r\nAuthorization: ${anna.token}\r\n\r\n`);
  return promise;
}
