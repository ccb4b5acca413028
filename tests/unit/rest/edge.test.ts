/** What every answer has, whatever the resource: headers, error shapes, authentication, rate limits. */
import { afterEach, describe, expect, test } from 'bun:test';
import type { Reply } from '../../../src/protocol/decision.ts';
import { Fault, refuse } from '../../../src/protocol/errors.ts';
import { createRest } from '../../../src/rest/rest.ts';
import { BOT, CHANNEL, type FakeOptions, type FakeRest, fakeRest, GUILD, NOW } from '../../support/fake-rest.ts';

let rest: FakeRest;
const open = (options: FakeOptions = {}): FakeRest => {
  rest = fakeRest(options);
  return rest;
};
afterEach(() => rest.close());

describe('every answer', () => {
  test('says application/json exactly, and Via', async () => {
    const response = await open().call('GET', '/users/@me');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(response.headers.get('via')).toBe('1.1 guildhall');
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-credentials')).toBeNull();
  });

  test('carries the five rate headers', async () => {
    open().directory.replies.typing = () => ({ ok: null });
    rest.directory.numbers = { limit: 7, remaining: 3, resetAfterMs: 1500 };
    const response = await rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect(response.status).toBe(204);
    expect(await response.text()).toBe('');
    const { headers } = response;
    expect(headers.get('x-ratelimit-limit')).toBe('7');
    expect(headers.get('x-ratelimit-remaining')).toBe('3');
    expect(headers.get('x-ratelimit-reset-after')).toBe('1.500');
    expect(headers.get('x-ratelimit-reset')).toBe(((NOW + 1500) / 1000).toFixed(3));
    expect(headers.get('x-ratelimit-bucket')).toMatch(/^[0-9a-f]{32}$/);
    expect(headers.get('via')).toBe('1.1 guildhall');
  });

  test.each(['/api/v10/users/@me', '/api/v9/users/@me', '/api/users/@me'])('is the same under %s', async (path) => {
    expect((await open().call('GET', path)).status).toBe(200);
  });

  test('OPTIONS is answered for browsers without a token', async () => {
    const response = await open().call('OPTIONS', '/users/@me', { token: null });
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(response.headers.get('access-control-allow-headers')).toContain('Authorization');
  });
});

describe('who calls', () => {
  test.each(['Bot bot', 'Bearer bot', 'bot'])('%s is taken', async (authorization) => {
    const response = await open().call('GET', '/users/@me', { token: null, headers: { authorization } });
    expect(response.status).toBe(200);
  });

  test.each([{}, { authorization: '' }, { authorization: 'Bot wrong' }, { authorization: 'Bot a b' }])(
    '%p is a 401',
    async (headers) => {
      const response = await open().call('GET', '/users/@me', {
        token: null,
        headers: headers as Record<string, string>,
      });
      expect(response.status).toBe(401);
      expect(await response.json()).toEqual({ message: '401: Unauthorized', code: 0 });
    },
  );

  test('an address that guesses tokens is slowed down', async () => {
    open({ limits: { strangerRequests: 3 } });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i++) statuses.push((await rest.call('GET', '/users/@me', { token: `guess${i}` })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
  });

  test('who is known at that address is not', async () => {
    open({ limits: { strangerRequests: 1 }, remembered: ['bot'] });
    const call = async (token: string) => (await rest.call('GET', '/users/@me', { token })).status;
    expect([await call('guess'), await call('anna'), await call('bot')]).toEqual([401, 429, 200]);
  });
});

describe('failures', () => {
  test('an unknown route', async () => {
    const response = await open().call('GET', '/no/such/route');
    expect([response.status, await response.json()]).toEqual([404, { message: '404: Not Found', code: 0 }]);
    expect(response.headers.get('via')).toBe('1.1 guildhall');
  });

  test('a version that is not spoken', async () => {
    expect((await open().call('GET', '/api/v6/users/@me')).status).toBe(404);
  });

  test('a method the route has not', async () => {
    const response = await open().call('PUT', '/gateway');
    expect([response.status, await response.json()]).toEqual([405, { message: '405: Method Not Allowed', code: 0 }]);
  });

  test('a refusal of the owner', async () => {
    open().directory.replies.typing = () => refuse('missingPermissions');
    const response = await rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect([response.status, await response.json()]).toEqual([
      403,
      { message: 'You lack permissions to perform that action', code: 50013 },
    ]);
  });

  test('a 429 of the owner: whole seconds in the header, the fraction in the body', async () => {
    open().directory.replies.typing = () => refuse('rateLimited', { retryAfter: 1.25 });
    const response = await rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect(response.status).toBe(429);
    expect(response.headers.get('retry-after')).toBe('2');
    expect(response.headers.get('x-ratelimit-scope')).toBe('user');
    expect(response.headers.get('via')).toBe('1.1 guildhall');
    expect(await response.json()).toMatchObject({
      message: 'You are being rate limited.',
      retry_after: 1.25,
      global: false,
    });
  });

  test('slow mode is a 429 with its own code', async () => {
    open().directory.replies.createMessage = () => refuse('slowMode', { retryAfter: 4.2 });
    const response = await rest.call('POST', `/channels/${CHANNEL}/messages`, { body: { content: 'a' } });
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '5']);
    expect(await response.json()).toMatchObject({ code: 20016, retry_after: 4.2 });
  });

  test.each([
    [new Fault('timeout', true, 'worker 3 at /secret'), 503],
    [new Fault('full', false, 'disk /secret'), 507],
    [new Fault('broken', true, 'disk /secret'), 503],
    [new Fault('fenced', false, 'epoch /secret'), 503],
    [new Fault('lost', false, 'bug /secret'), 500],
    [new Error('/secret'), 500],
  ])('%s says nothing of its cause', async (error, status) => {
    open().directory.replies.typing = () => {
      throw error;
    };
    const response = await rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    expect(await response.text()).not.toContain('secret');
  });

  test.each([
    ['application/json', 120_000, {}],
    ['application/json', 120_000, { 'content-length': '100' }],
    ['multipart/form-data; boundary=x', 900_000, {}],
  ])('a body of %s that trickles is given up', async (type, ms, length) => {
    open().directory.replies.maySend = () => ({ ok: null });
    const timers = new Map<number, () => void>();
    const asked = Promise.withResolvers<void>();
    rest.deps.clock.after = (after, task) => {
      timers.set(after, task);
      if (after === ms) asked.resolve();
      return { cancel: () => timers.delete(after) };
    };
    const raw = new ReadableStream({ start: (body) => body.enqueue(new TextEncoder().encode('{')) });
    const response = rest.call('POST', `/channels/${CHANNEL}/messages`, {
      raw,
      headers: { 'content-type': type, ...length },
    });
    await asked.promise;
    timers.get(ms)?.();
    expect([(await response).status, await (await response).json()]).toEqual([
      408,
      { message: '408: Request Timeout', code: 0 },
    ]);
    expect(timers.size).toBe(0);
  });

  test('more requests in hand than allowed are refused', async () => {
    open({ limits: { requests: 1 } });
    const gate = Promise.withResolvers<{ ok: null }>();
    rest.directory.replies.typing = () => gate.promise;
    const first = rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect((await rest.call('GET', '/gateway')).status).toBe(503);
    gate.resolve({ ok: null });
    expect((await first).status).toBe(204);
    expect((await rest.call('GET', '/gateway')).status).toBe(200);
  });
});

describe('addresses', () => {
  const at = (url: string) =>
    createRest(rest.deps).handle({ url, method: 'GET', headers: new Headers({ authorization: 'bot' }) } as Request, {
      ip: '192.0.2.1',
    });

  test.each(['http://[::/api/v10/users/@me', 'http://x:999999/api/v10/users/@me'])(
    'the Host of %s is a 400, not a bug',
    async (url) => {
      open();
      const response = await at(url);
      expect([response.status, await response.json()]).toEqual([400, { message: '400: Bad Request', code: 0 }]);
      expect(rest.reports).toEqual([]);
    },
  );

  test('without a Host, as HTTP/1.0 has it, the path is enough', async () => {
    open();
    expect((await at('/api/v10/users/@me')).status).toBe(200);
  });

  test('@me may be escaped', async () => {
    expect((await open().call('GET', '/users/%40me')).status).toBe(200);
  });
});

describe('rate limits', () => {
  test('what is no id makes no bucket of its own', async () => {
    open();
    const bucketAt = async (id: string) =>
      (await rest.call('GET', `/applications/${id}`, { token: 'anna' })).headers.get('x-ratelimit-bucket');
    expect(await bucketAt('a')).toBe(await bucketAt('b'.repeat(5000)));
    expect(await bucketAt('a')).not.toBe(await bucketAt(GUILD));
  });

  test('a claim of the major id rides with the first ask', async () => {
    open().directory.replies.typing = () => ({ ok: null });
    await rest.call('POST', `/channels/${CHANNEL}/typing`);
    expect(rest.directory.asked[0]?.rate).toMatchObject({
      bucket: `POST /channels/:channelId/typing ${CHANNEL}`,
      limit: 100,
    });
    expect(rest.directory.asked[0]?.to).toBe(`g:${GUILD}`);
  });

  test('a route that no owner counts is counted here', async () => {
    const rate = { limit: 2, windowMs: 3000 };
    open({ config: { rateLimits: { ordinary: rate, messages: rate, reactions: rate } } });
    const seen: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const { status, headers } = await rest.call('GET', '/users/@me');
      seen.push([status, headers.get('x-ratelimit-remaining'), headers.get('retry-after')]);
    }
    expect(seen).toEqual([
      [200, '1', null],
      [200, '0', null],
      [429, '0', '3'],
    ]);
  });

  test('a token has a bound over all routes', async () => {
    open({ limits: { globalRequests: 1 } });
    await rest.call('GET', '/users/@me');
    const response = await rest.call('GET', '/users/@me');
    expect(response.headers.get('x-ratelimit-global')).toBe('true');
    expect(response.headers.get('x-ratelimit-scope')).toBe('global');
    expect(await response.json()).toMatchObject({ global: true });
  });

  test('switched off, nobody is counted', async () => {
    open({ config: { rateLimits: null }, limits: { globalRequests: 1 } }).directory.replies.typing = () => ({
      ok: null,
    });
    for (let i = 0; i < 3; i++) expect((await rest.call('POST', `/channels/${CHANNEL}/typing`)).status).toBe(204);
    expect(rest.directory.asked[0]?.rate).toBeNull();
  });
});

describe('the gateway address', () => {
  const self = (): Reply => ({ ok: null });

  const urlOf = async (headers: Record<string, string> = {}) =>
    ((await (await rest.call('GET', '/gateway/bot', { headers })).json()) as { url: string }).url;

  test('follows the Host of the request and the scheme the proxy says', async () => {
    open().directory.replies = { self };
    expect(await urlOf()).toBe('ws://chat.example:8080');
    expect(await urlOf({ host: 'a.example', 'x-forwarded-proto': 'https' })).toBe('wss://a.example');
    expect(await urlOf({ host: 'evil"<x>' })).toBe('ws://chat.example:8080');
  });

  test('follows the public url before all', async () => {
    open({ config: { publicUrl: 'https://public.example' } }).directory.replies = { self };
    expect(await urlOf({ host: 'a.example' })).toBe('wss://public.example');
  });

  test('has what Core, Oceanic and Discordeno need', async () => {
    open().directory.replies = { self };
    const body = (await (await rest.call('GET', '/gateway/bot')).json()) as Record<string, unknown>;
    expect(body).toMatchObject({ shards: 1, session_start_limit: { max_concurrency: 64, reset_after: 0 } });
  });

  const startsOf = async () =>
    ((await (await rest.call('GET', '/gateway/bot')).json()) as { session_start_limit: object }).session_start_limit;

  test('says how many sessions the bot may still start, without counting one', async () => {
    const { directory } = open();
    directory.replies = { self };
    directory.numbers = { limit: 1000, remaining: 7, resetAfterMs: 60_000 };
    expect(await startsOf()).toEqual({ total: 1000, remaining: 7, reset_after: 60_000, max_concurrency: 64 });
    expect(directory.asked).toMatchObject([{ to: `u:${BOT}`, rate: { limit: 1000, user: BOT, peek: true } }]);
  });

  test('is told also when the owner cannot say', async () => {
    open().directory.replies = { self: () => Promise.reject(new Fault('timeout', true, 'late')) };
    expect(await startsOf()).toMatchObject({ total: 1000, remaining: 1000, reset_after: 0 });
  });
});
