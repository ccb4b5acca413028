/** Requests and frames of somebody who means harm: each is refused in Discord's shape, and the server goes on as if nothing had been. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { answerOf, type RestMethod } from '../support/call-rest.ts';
import { eventually } from '../support/eventually.ts';
import { BOT_INTENTS, RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

const WORKERS = [0, 1];
/** Stores hold 63 bits: some would find there what has the same 64. */
const BEYOND = ['9223372036854775808', '18446744073709551617', '99999999999999999999'];

let town: Town;
let owner: Person;
let stranger: Person;
let place: Place;
let bot: Bot;
/** One session on each worker: they hear everything that is said, and close when their worker dies. */
let witnesses: RawGateway[];
let said = 0;

beforeAll(async () => {
  town = await Town.open({ workers: WORKERS.length, config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  stranger = await town.person('stranger');
  place = await town.guild(owner);
  bot = await town.bot('robot', place.id);
  witnesses = await Promise.all(WORKERS.map((slot) => town.visit(owner, town.worker(slot))));
});
afterAll(async () => {
  for (const witness of witnesses ?? []) await witness[Symbol.asyncDispose]();
  await town?.[Symbol.asyncDispose]();
});

/** After each attack the same sessions hear the next message: no worker died, nothing hangs, nothing is lost. */
afterEach(async () => {
  said += 1;
  const content = `still here ${said}`;
  await town.say(owner, place.channel, content);
  for (const witness of witnesses) await witness.dispatch('MESSAGE_CREATE', { content });
  expect(witnesses.every(({ open }) => open)).toBe(true);
});

/** `:channel` and the like of a path. */
const filled = (path: string): string =>
  path
    .replace(':channel', place.channel)
    .replace(':guild', place.id)
    .replace(':owner', owner.id)
    .replace(':application', bot.id);

async function refused(method: RestMethod, path: string, body?: string, token = owner.token): Promise<unknown[]> {
  const answer = await answerOf(town.url, token, method, filled(path), body);
  const { code, message } = (answer.body ?? {}) as { code?: number; message?: string };
  if (answer.status >= 400) expect(typeof message).toBe('string');
  return [answer.status, code];
}

const messages = '/channels/:channel/messages';
const content = (more: string): string => `{"content":"a",${more}}`;

describe('a body', () => {
  test.each([
    ['that ends too early', '{"content":', 400, 50109],
    ['with something behind it', '{"content":"a"}x', 400, 50109],
    ['of a thousand levels', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`, 400, 50109],
    ['of 300,000 values', `{"content":[${'0,'.repeat(300_000)}0]}`, 413, 40005],
    ['of two megabytes', JSON.stringify({ content: 'x'.repeat(2_000_000) }), 413, 40005],
    ['that is null', 'null', 400, 50035],
    ['that is a list', '[]', 400, 50035],
    ['that is a text', '"a"', 400, 50035],
    ['that is not there', '', 400, 50006],
    ['with half a surrogate pair', '{"content":"\\ud83d"}', 400, 50109],
    ['with a key of half a surrogate pair', '{"content":"a","\\udc00":1}', 400, 50109],
    ['that reaches for a prototype', '{"__proto__":{"content":"a"}}', 400, 50006],
    ['with an object for a text', '{"content":{"constructor":{"prototype":{}}}}', 400, 50035],
    ['with a number beyond all numbers', content('"flags":1e999'), 400, 50035],
    ['with an id of 100,000 digits', content(`"message_reference":{"message_id":${'9'.repeat(100_000)}}`), 400, 50035],
    ['with an id that is a fraction', content('"message_reference":{"message_id":1.5}'), 400, 50035],
    ['with an id below zero', content('"message_reference":{"message_id":-1}'), 400, 50035],
    ['with an id that is an object', content('"message_reference":{"message_id":{}}'), 400, 50035],
    ['with a hundred thousand embeds', `{"embeds":[${'{},'.repeat(100_000)}{}]}`, 400, 50035],
    ['with a script for a link', '{"embeds":[{"title":"a","url":"javascript:alert(1)"}]}', 400, 50035],
  ])('%s', async (_what, body, status, code) => {
    expect(await refused('POST', messages, body)).toEqual([status, code]);
  });

  test.each([
    ['PATCH', '/guilds/:guild', '{"owner_id":"1"}', 404, 10007],
    ['PATCH', '/guilds/:guild', '{"verification_level":99}', 400, 50035],
    ['PATCH', '/guilds/:guild', '{"system_channel_flags":-1}', 400, 50035],
    ['POST', '/guilds', '{"name":"      "}', 400, 50035],
    ['PATCH', '/guilds/:guild/roles', '{}', 400, 50035],
    ['PATCH', '/guilds/:guild/roles', '[{"id":9223372036854775807,"position":1}]', 404, 10011],
    ['POST', '/guilds/:guild/roles', '{"permissions":-1}', 400, 50035],
    ['POST', '/guilds/:guild/roles', '{"permissions":"184467440737095516160"}', 400, 50035],
    ['POST', '/guilds/:guild/channels', '{"name":"a","type":99}', 400, 50035],
    ['POST', '/guilds/:guild/channels', '{"name":"a","type":2,"bitrate":1e9}', 400, 50035],
    ['PATCH', '/guilds/:guild/members/:owner', '{"flags":-1}', 400, 50035],
    ['PATCH', '/guilds/:guild/members/:owner', '{"roles":"constructor"}', 400, 50035],
    ['PUT', '/guilds/:guild/bans/1', '{"delete_message_seconds":1e15}', 400, 50035],
    ['POST', '/channels/:channel/messages/bulk-delete', '{"messages":{"length":2}}', 400, 50035],
    ['POST', '/users/@me/channels', `{"recipient_id":${BEYOND[0]}}`, 400, 50035],
    ['POST', messages, `{"content":"a","message_reference":{"message_id":${BEYOND[0]}}}`, 400, 50035],
    ['PATCH', '/users/@me', '{"avatar":"data:image/png;base64,AAAA"}', 400, 50035],
    ['PATCH', '/users/@me', '{"username":"owner"}', 400, 50035],
    ['POST', '/auth/login', '{"login":{},"password":[]}', 400, 50035],
    ['POST', '/auth/register', '{"username":"a\\u0000b","password":"long enough"}', 400, 50035],
  ] as const)('%s %s %s', async (method, path, body, status, code) => {
    expect(await refused(method, path, body)).toEqual([status, code]);
  });

  test('of bytes that are no UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]);
    const headers = { authorization: owner.token, 'content-type': 'application/json' };
    const response = await fetch(`${town.url}/api/v10${filled(messages)}`, { method: 'POST', headers, body });
    expect([response.status, await response.json()]).toMatchObject([400, { code: 50109 }]);
  });

  test('of commands: keys of every object are names like others', async () => {
    for (const name of ['constructor', '__proto__', 'hasownproperty']) {
      const made = await answerOf(town.url, `Bot ${bot.token}`, 'POST', filled('/applications/:application/commands'), {
        name,
        description: 'a',
      });
      expect([made.status, (made.body as { name: string }).name]).toEqual([201, name]);
    }
  });
});

describe('an address', () => {
  test.each(['-1', '1e5', '0x10', '%00', '%', '１２３', 'constructor', '9'.repeat(5000), '..%2F..', '007', ...BEYOND])(
    'with the id %#',
    async (id) => {
      for (const path of [
        `/users/${id}`,
        `${messages}/${id}`,
        `${messages}?before=${id}`,
        `/guilds/:guild/members/${id}`,
      ]) {
        expect((await refused('GET', path))[0]).toBe(400);
      }
    },
  );

  test.each(['0', '9223372036854775807'])('with the id %s, which nobody has', async (id) => {
    for (const page of ['before', 'after', 'around']) {
      expect((await refused('GET', `${messages}?${page}=${id}`))[0]).toBe(200);
    }
    expect(await refused('GET', `${messages}/${id}`)).toEqual([404, 10008]);
    expect(await refused('GET', `/guilds/${id}`)).toEqual([404, 10004]);
    expect(await refused('DELETE', `${messages}/${id}`)).toEqual([404, 10008]);
    expect(await refused('PUT', `/guilds/:guild/bans/${id}`)).toEqual([404, 10013]);
  });

  test.each(['%00', '%', '%ED%A0%80', 'constructor', 'a:1', `a:${'9'.repeat(30)}`, 'a'.repeat(5000)])(
    'with the emoji %#',
    async (emoji) => {
      const { id } = await town.say(owner, place.channel, 'a');
      expect(await refused('PUT', `${messages}/${id}/reactions/${emoji}/@me`)).toEqual([404, 10014]);
    },
  );

  test.each([
    ['/cdn/attachments/1/1/../../../../guildhall.sqlite'],
    ['/cdn/attachments/1/1/..%2F..%2F..%2Fguildhall.sqlite'],
    ['/cdn/avatars/1/../../../guildhall.sock'],
    ['/cdn/attachments/1/1/%00'],
    [`/cdn/attachments/1/1/${'a'.repeat(12_000)}`],
    ['/api/v10/../../etc/passwd'],
  ])('%s', async (path) => {
    const [head, body] = await exchange(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    expect(head).toStartWith('HTTP/1.1 404');
    expect(JSON.parse(body)).toEqual({ message: '404: Not Found', code: 0 });
  });

  test.each([
    ['PUT', '/guilds/:guild/bans/ID'],
    ['GET', '/guilds/:guild/bans/ID'],
    ['PATCH', '/guilds/:guild/members/ID'],
    ['DELETE', '/guilds/:guild/members/ID'],
    ['GET', '/guilds/:guild/voice-states/ID'],
    ['PUT', '/guilds/:guild/members/:owner/roles/ID'],
    ['DELETE', '/guilds/:guild/roles/ID'],
    ['GET', '/channels/:channel/messages/ID'],
    ['DELETE', '/channels/:channel/messages/ID'],
    ['PUT', '/channels/:channel/pins/ID'],
    ['PUT', '/channels/:channel/permissions/ID'],
  ] as const)('%s %s tells a stranger nothing of what is there', async (method, path) => {
    const { id } = await town.say(owner, place.channel, 'a');
    const body = method === 'GET' || method === 'DELETE' ? undefined : '{}';
    const answers = await Promise.all(
      [id, owner.id, place.id, '1'].map((each) => refused(method, path.replace('ID', each), body, stranger.token)),
    );
    expect([403, 404]).toContain(Number(answers[0]?.[0]));
    for (const answer of answers) expect(answer).toEqual(answers[0] ?? []);
  });
});

describe('HTTP itself', () => {
  const upgrade =
    'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';
  const close = 'Connection: close\r\n\r\n';

  test.each([
    ['a Host that is none', `GET /api/v10/gateway HTTP/1.1\r\nHost: [::\r\n${close}`, '400'],
    ['a port that is none', `GET /api/v10/gateway HTTP/1.1\r\nHost: a:99999999\r\n${close}`, '400'],
    ['such a Host at the gateway', `GET /?v=10 HTTP/1.1\r\nHost: [::\r\n${upgrade}`, '400'],
    ['a length below zero', `POST /api/v10/guilds HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n${close}{}`, '400'],
    [
      'two lengths',
      `POST /api/v10/guilds HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 2\r\n${close}{}`,
      '400',
    ],
    [
      'a length beyond all',
      `POST /api/v10/guilds HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999\r\n${close}{}`,
      '413',
    ],
    [
      'a chunk that is none',
      `POST /api/v10/guilds HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nAuthorization: TOKEN\r\n${close}ZZ\r\n`,
      '400',
    ],
    [
      'a header of 20,000 bytes',
      `GET /api/v10/gateway HTTP/1.1\r\nHost: a\r\nX: ${'a'.repeat(20_000)}\r\n${close}`,
      '431',
    ],
    ['TRACE', `TRACE /api/v10/users/@me HTTP/1.1\r\nHost: a\r\n${close}`, '405'],
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400'],
  ])('%s', async (_what, bytes, status) => {
    const [head, body] = await exchange(bytes.replace('TOKEN', owner.token));
    expect(head).toStartWith(`HTTP/1.1 ${status}`);
    expect(body).not.toContain('src/');
    if (body !== '') expect(JSON.parse(body)).toHaveProperty('code');
  });

  test('a client that goes away within its body', async () => {
    const start = `POST /api/v10${filled(messages)} HTTP/1.1\r\nHost: a\r\nAuthorization: ${owner.token}\r\nContent-Length: 1000\r\n\r\n{"content":`;
    const socket = connect(town.port, '127.0.0.1');
    await new Promise<void>((resolve) => socket.write(start, () => resolve()));
    socket.destroy();
  });
});

/** All that comes until the other side closes, or says the whole of a refusal. */
function exchange(bytes: string): Promise<[head: string, body: string]> {
  return new Promise((resolve, reject) => {
    const socket = connect(town.port, '127.0.0.1');
    let text = '';
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk;
      if (/\r\ncontent-length: 0\r\n/i.test(text)) socket.end();
    });
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n');
      resolve([head, body]);
    });
    socket.on('error', reject);
    socket.write(bytes, 'latin1');
  });
}

describe('a form with files', () => {
  const part = (disposition: string, body = 'hello'): string =>
    `--x\r\nContent-Disposition: form-data; ${disposition}\r\n\r\n${body}\r\n`;
  const file = (name: string, field = 'files[0]'): string => part(`name="${field}"; filename="${name}"`);
  const end = '--x--\r\n';

  async function send(
    body: string,
    type = 'multipart/form-data; boundary=x',
  ): Promise<[number, Record<string, unknown>]> {
    const headers = { authorization: owner.token, 'content-type': type };
    const response = await fetch(`${town.url}/api/v10${filled(messages)}`, { method: 'POST', headers, body });
    return [response.status, (await response.json()) as Record<string, unknown>];
  }
  const files = () => readdir(join(town.dataDir, 'files', 'attachments', place.channel)).catch(() => []);

  test.each([
    ['that ends within a file', file('a.txt').slice(0, -2), undefined, 50109],
    ['that ends before its end', file('a.txt'), undefined, 50109],
    ['that ends within another field', file('a', 'other').slice(0, -2), undefined, 50035],
    ['without parts', '', undefined, 50109],
    ['with another boundary', file('a.txt') + end, 'multipart/form-data; boundary=y', 50109],
    ['without a boundary', file('a.txt') + end, 'multipart/form-data', 50109],
    [
      'with eleven files',
      Array.from({ length: 11 }, (_, n) => file('a', `files[${n}]`)).join('') + end,
      undefined,
      50035,
    ],
    ['with a field of another name', file('a', '__proto__') + end, undefined, 50035],
    ['with JSON that is none', part('name="payload_json"', '{') + file('a') + end, undefined, 50109],
    ['with a form that is wrong', part('name="payload_json"', '{"tts":"a"}') + file('a') + end, undefined, 50035],
    ['with nothing but a hundred fields', part('name="a"').repeat(100) + end, undefined, 50006],
  ])('%s leaves nothing behind', async (_what, body, type, code) => {
    const before = await files();
    const [status, answer] = await send(body, type);
    expect([status, answer.code]).toEqual([400, code]);
    expect(await files()).toEqual(before);
  });

  test.each([
    ['x.constructor', 'x.constructor'],
    ['../../../etc/passwd', 'passwd'],
    ['..', 'unknown'],
    ['a;b\tc.html', 'a_b_c.html'],
    ['%0d%0aSet-Cookie: a=b', '0d_0aSet-Cookie_a_b'],
    ['a'.repeat(60_000), 'a'.repeat(180)],
  ])('the name %# becomes harmless', async (name, safe) => {
    const [status, answer] = await send(file(name) + end);
    expect(status).toBe(200);
    const [attachment] = answer.attachments as { filename: string; content_type: string; url: string }[];
    expect(attachment).toMatchObject({ filename: safe, content_type: 'application/octet-stream' });
    const response = await fetch(attachment?.url ?? '');
    expect(response.headers.get('content-disposition')).toStartWith('attachment; ');
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await response.text()).toBe('hello');
  });
});

describe('a gateway frame', () => {
  const deep = `{"op":2,"d":${'['.repeat(1500)}${']'.repeat(1500)}}`;

  test.each([
    ['that ends too early', '{"op":1,"d":', 4002],
    ['of a thousand levels', deep, 4002],
    ['with half a surrogate pair', '{"op":3,"d":{"status":"\\ud800"}}', 4002],
    ['with a text for an opcode', '{"op":"1","d":null}', 4002],
    ['with a fraction for an opcode', '{"op":1.5,"d":null}', 4002],
    ['of an opcode that nobody knows', '{"op":9999,"d":null}', 4001],
    ['that is null', 'null', 4002],
    ['that reaches for a prototype', '{"__proto__":{"op":1}}', 4002],
    ['of 5000 bytes', `{"op":1,"d":"${'x'.repeat(5000)}"}`, 4002],
    ['with an identify of wrong types', '{"op":2,"d":{"token":{},"intents":[],"properties":1}}', 4002],
    ['with a resume of wrong types', '{"op":6,"d":{"token":1,"session_id":[],"seq":"a"}}', 4002],
  ])('%s', async (_what, text, code) => {
    await using gateway = await RawGateway.open(town.url);
    gateway.sendText(text);
    expect((await gateway.closed).code).toBe(code);
  });

  test('of more bytes than the socket takes', async () => {
    await using gateway = await RawGateway.open(town.url);
    gateway.sendText('x'.repeat(1_000_000));
    expect((await gateway.closed).code).toBeGreaterThan(1000);
  });

  test.each(['ping', 'pong'] as const)('of the protocol below, without end: %s', async (kind) => {
    const socket = new WebSocket(`${town.url.replace('http', 'ws')}/?v=10`);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('open', () => {
      for (let n = 0; n < 200; n++) socket[kind]('x');
    });
    expect(await closed).toBe(4008);
  });

  test('of the protocol below is taken as often as a client sends it', async () => {
    const socket = new WebSocket(`${town.url.replace('http', 'ws')}/?v=10`);
    let pongs = 0;
    socket.on('pong', () => (pongs += 1));
    await once(socket, 'open');
    for (let n = 0; n < 100; n++) socket.ping('x');
    await eventually('every ping is answered', () => pongs === 100);
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.terminate();
  });

  test('of bytes that are no UTF-8', async () => {
    const socket = new WebSocket(`${town.url.replace('http', 'ws')}/?v=10`);
    const closed = new Promise<number>((resolve) => socket.on('close', resolve));
    socket.on('open', () => socket.send(Buffer.from([0x22, 0xff, 0xfe, 0x22]), { binary: false }));
    expect(await closed).toBeGreaterThan(1000);
  });

  test.each([
    ['op 3', 3, { status: 5, activities: 'a', afk: 1, since: 'x' }, 4002],
    ['op 4', 4, { guild_id: {}, channel_id: [] }, 4002],
    ['op 8', 8, { guild_id: { a: 1 }, query: 5, limit: 'x' }, 4002],
  ] as const)('with %s of wrong types, after the identify', async (_what, op, d, code) => {
    await using gateway = await RawGateway.login(town.url, { token: bot.token, intents: BOT_INTENTS });
    gateway.send(op, d);
    expect((await gateway.closed).code).toBe(code);
  });

  test('with ids as numbers is taken, digits and all', async () => {
    await using gateway = await RawGateway.login(town.url, { token: bot.token, intents: BOT_INTENTS });
    gateway.sendText(`{"op":8,"d":{"guild_id":${place.id},"user_ids":[${owner.id}],"limit":0,"nonce":"a"}}`);
    const chunk = await gateway.dispatch<{ members: { user: { id: string } }[] }>('GUILD_MEMBERS_CHUNK', {
      nonce: 'a',
    });
    expect(chunk.members.map(({ user }) => user.id)).toEqual([owner.id]);
  });
});
