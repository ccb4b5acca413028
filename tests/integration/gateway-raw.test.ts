/** Every close code of the gateway, and the wire rules that concern it, over real sockets. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { RawGateway } from '../support/raw-gateway.ts';
import { BOT, BOT_INTENTS, CHANNEL, GUILD, OTHER, PERSON, TinyTown } from '../support/tiny-town.ts';

const bot = { token: `bot.${BOT}`, intents: BOT_INTENTS };
const person = { token: `person.${PERSON}` };

let town: TinyTown;

beforeAll(async () => {
  town = new TinyTown({ workers: 2 });
  for (const user of [BOT, PERSON]) await town.do({ kind: 'tinyJoin', user });
  await town.do({ kind: 'tinySee', channel: CHANNEL, users: [BOT, PERSON] });
});

afterAll(() => town[Symbol.asyncDispose]());

describe('handshake', () => {
  test('HELLO comes first, with the keys in order and null for t and s', async () => {
    await using client = await RawGateway.open(town.url());
    const { text } = await client.op(10);
    expect(text).toBe('{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":[]}}');
  });

  test('a heartbeat is answered before the identify', async () => {
    await using client = await RawGateway.open(town.url());
    client.send(1, null);
    const { text } = await client.op(11);
    expect(text).toBe('{"t":null,"s":null,"op":11,"d":null}');
  });

  test('any path and both versions are taken, with and without a query', async () => {
    for (const path of ['/', '/?v=9', '//?v=10', '/deep/path/?v=9&encoding=json&compress=zlib-stream', '?v=10']) {
      await using client = await RawGateway.open(town.url(), path);
      const ready = await client.identify(bot);
      expect(ready.v).toBe(path.includes('v=9') ? 9 : 10);
    }
  });

  test('a bot gets its guilds as unavailable, then by GUILD_CREATE, numbered from 1', async () => {
    await using client = await RawGateway.login(town.url(), bot);
    expect(client.ready.guilds).toEqual([{ id: GUILD, unavailable: true }]);
    expect(client.ready.resume_gateway_url).toBe(town.url().replace('http', 'ws'));
    expect(client.ready).toMatchObject({ private_channels: [], application: { id: BOT }, user: { id: BOT } });
    const guild = await client.dispatch('GUILD_CREATE');
    expect(guild).toMatchObject({ id: GUILD, unavailable: false, channels: [CHANNEL] });
    expect(client.dispatches.map(({ s }) => s)).toEqual([1, 2]);
    expect(client.dispatches[1]?.text.startsWith('{"t":"GUILD_CREATE","s":2,"op":0,"d":{')).toBe(true);
  });

  test('the token may have a prefix', async () => {
    await using client = await RawGateway.login(town.url(), { ...bot, token: `Bot ${bot.token}` });
    expect(client.ready.user.id).toBe(BOT);
  });

  test('without the intent no guild follows READY', async () => {
    await using client = await RawGateway.login(town.url(), { ...bot, intents: I.GuildMessages });
    await town.emit('MESSAGE_CREATE', { d: { content: 'after' } });
    await client.dispatch('MESSAGE_CREATE');
    expect(client.all('GUILD_CREATE')).toEqual([]);
  });

  test('a person gets the guilds in READY, and no GUILD_CREATE', async () => {
    await using client = await RawGateway.login(town.url(), person);
    expect(client.ready.guilds[0]).toMatchObject({ id: GUILD, unavailable: false, channels: [CHANNEL] });
    expect(client.ready).toMatchObject({ read_state: { entries: [] }, relationships: [], users: [] });
    await town.emit('MESSAGE_CREATE', { d: { content: 'hi' } });
    expect(await client.dispatch<{ content: string }>('MESSAGE_CREATE')).toMatchObject({ content: 'hi' });
    expect(client.all('GUILD_CREATE')).toEqual([]);
  });

  test('a shard gets only its guilds', async () => {
    const index = Number((BigInt(GUILD) >> 22n) % 2n);
    await using mine = await RawGateway.login(town.url(), { ...bot, shard: [index, 2] });
    await using other = await RawGateway.login(town.url(), { ...bot, shard: [1 - index, 2] });
    expect(mine.ready.guilds.length).toBe(1);
    expect(mine.ready.shard).toEqual([index, 2]);
    expect(other.ready.guilds).toEqual([]);
  });

  test('a request without an upgrade is for the other edge', async () => {
    const response = await fetch(town.url());
    expect([response.status, await response.text()]).toEqual([404, 'not a socket']);
  });
});

describe('close codes', () => {
  const closes: [what: string, code: number, act: (client: RawGateway) => unknown][] = [
    ['an unknown op', 4001, (client) => client.send(99, null)],
    ['text that is no JSON', 4002, (client) => client.sendText('{"op":')],
    ['a frame without op', 4002, (client) => client.sendText('{}')],
    ['a binary frame', 4002, (client) => client.sendBytes(new Uint8Array([1, 2]))],
    ['a frame beyond 4096 bytes', 4002, (client) => client.send(1, 'x'.repeat(4096))],
    ['an identify without token', 4002, (client) => client.send(2, {})],
    ['anything before the identify', 4003, (client) => client.send(3, { status: 'idle' })],
    ['a wrong token', 4004, (client) => client.send(2, { token: 'wrong', intents: 1 })],
    ['a wrong token at a resume', 4004, (client) => client.send(6, { token: 'wrong', session_id: 'x', seq: 1 })],
    [
      'a second identify',
      4005,
      async (client) => {
        await client.identify(bot);
        client.send(2, bot);
      },
    ],
    [
      'a frame too many',
      4008,
      (client) => {
        for (let i = 0; i < 121; i += 1) client.send(1, null);
      },
    ],
    ['a wrong shard', 4010, (client) => client.send(2, { ...bot, shard: [2, 2] })],
    ['a bot without intents', 4013, (client) => client.send(2, { token: bot.token })],
    ['an unknown intent', 4013, (client) => client.send(2, { ...bot, intents: 1 << 30 })],
    ['an intent beyond 32 bits', 4013, (client) => client.send(2, { ...bot, intents: 2 ** 40 })],
    ['an intent not granted', 4014, (client) => client.send(2, { ...bot, intents: I.GuildPresences })],
  ];
  for (const [what, code, act] of closes) {
    test(`${code} for ${what}`, async () => {
      await using client = await RawGateway.open(town.url());
      await act(client);
      expect((await client.closed).code).toBe(code);
    });
  }

  test('4012 for another version, 4002 for another encoding', async () => {
    await using old = await RawGateway.open(town.url(), '/?v=6');
    await using etf = await RawGateway.open(town.url(), '/?v=10&encoding=etf');
    expect([(await old.closed).code, (await etf.closed).code]).toEqual([4012, 4002]);
  });

  test('4003 for who never identifies, 4009 for who falls silent; that session can be resumed', async () => {
    await using hasty = new TinyTown({ limits: { identifyMs: 50, zombieMs: 50, sweepMs: 10 } });
    await using stranger = await RawGateway.open(hasty.url());
    expect((await stranger.closed).code).toBe(4003);
    await using silent = await RawGateway.login(hasty.url(), bot);
    expect((await silent.closed).code).toBe(4009);
    await using again = await RawGateway.resumeOf(hasty.url(), silent);
    expect(await again.dispatch('RESUMED')).toEqual({ _trace: [] });
  });

  test('4004 when the token is revoked, and its session is gone', async () => {
    await using client = await RawGateway.login(town.url(), { token: `person.${OTHER}` });
    await town.workers[1]!.directory.control({ control: 'revoked', hashes: [`hash of person ${OTHER}`] });
    expect((await client.closed).code).toBe(4004);
  });

  test('op 7 and 1001 when the server stops', async () => {
    const leaving = new TinyTown();
    const client = await RawGateway.login(leaving.url(), bot);
    leaving.workers[0]!.gateway.stop();
    expect((await client.op(7)).text).toBe('{"t":null,"s":null,"op":7,"d":null}');
    expect((await client.closed).code).toBe(1001);
    await leaving[Symbol.asyncDispose]();
  });
});

describe('content', () => {
  test('goes to those with the intent, and whole to the few who are named', async () => {
    const d = { content: 'secret', embeds: [1], attachments: [2], components: [3], poll: {} };
    await using blind = await RawGateway.login(town.url(), { ...bot, intents: I.Guilds | I.GuildMessages });
    await using deaf = await RawGateway.login(town.url(), { ...bot, intents: I.Guilds });
    await using seeing = await RawGateway.login(town.url(), bot);
    for (const client of [blind, deaf, seeing]) await client.dispatch('GUILD_CREATE');
    await town.emit('MESSAGE_CREATE', { d });
    await town.emit('MESSAGE_CREATE', { d, full: [BOT] });
    const last = (client: RawGateway) => client.frames.until('two', () => client.all('MESSAGE_CREATE').length === 2);
    await last(blind);
    await deaf.dispatch('MESSAGE_CREATE');
    expect(await seeing.dispatch('MESSAGE_CREATE')).toMatchObject(d);
    const [first, second] = blind.all<Record<string, unknown>>('MESSAGE_CREATE');
    expect(first).toMatchObject({ content: '', embeds: [], attachments: [], components: [] });
    expect(first).not.toHaveProperty('poll');
    expect(second).toMatchObject(d);
    expect(deaf.all<{ content: string }>('MESSAGE_CREATE').map(({ content }) => content)).toEqual(['secret']);
  });
});

describe('resume', () => {
  const cases = [
    ['a bot', bot, 0],
    ['a bot, at another worker', bot, 1],
    ['a person', person, 0],
    ['a person, at another worker', person, 1],
  ] as const;
  for (const [who, identity, worker] of cases) {
    test(`${who} gets what it missed, once and in order, then RESUMED`, async () => {
      await using client = await RawGateway.login(town.url(), identity);
      if (identity === bot) await client.dispatch('GUILD_CREATE');
      const nonce = `${who} ${Math.random()}`;
      const say = (n: number) => town.emit('MESSAGE_CREATE', { channel: CHANNEL, d: { content: `${n}`, nonce } });
      await say(1);
      await client.dispatch('MESSAGE_CREATE', { content: '1', nonce });
      client.terminate();
      await client.closed;
      await say(2);
      await say(3);
      await using again = await RawGateway.resumeOf(town.url(worker), client);
      await again.dispatch('RESUMED');
      await say(4);
      await again.dispatch('MESSAGE_CREATE', { content: '4', nonce });
      const mine = again.dispatches.filter(({ t, d }) => t === 'RESUMED' || (d as { nonce?: string }).nonce === nonce);
      expect(mine.map(({ t, d }) => (t === 'RESUMED' ? t : (d as { content: string }).content))).toEqual([
        '2',
        '3',
        'RESUMED',
        '4',
      ]);
      const numbers = again.dispatches.map(({ s }) => s ?? 0);
      expect(numbers.every((s, i) => s > (numbers[i - 1] ?? client.seq ?? 0))).toBe(true);
    });
  }

  test('with a number that was never sent is op 9 on the open socket, which may identify then', async () => {
    await using client = await RawGateway.login(town.url(), bot);
    await using again = await RawGateway.resumeOf(town.url(), client, 1_000_000);
    expect((await again.op(9)).text).toBe('{"t":null,"s":null,"op":9,"d":false}');
    const ready = await again.identify(bot);
    expect(ready.session_id).not.toBe(client.ready.session_id);
    expect(client.open).toBe(true);
  });

  test('of an unknown session, or with the token of another, is op 9', async () => {
    await using client = await RawGateway.login(town.url(), bot);
    for (const [token, session_id] of [
      [bot.token, 'nonsense'],
      [bot.token, '0.1.999.x'],
      [bot.token, '1.1.999.x'],
      [person.token, client.ready.session_id],
    ]) {
      await using thief = await RawGateway.open(town.url());
      thief.send(6, { token, session_id, seq: 1 });
      await thief.op(9);
    }
    expect(client.open).toBe(true);
  });

  test('closes the older socket', async () => {
    await using client = await RawGateway.login(town.url(), bot);
    await client.dispatch('GUILD_CREATE');
    await using again = await RawGateway.resumeOf(town.url(1), client);
    await again.dispatch('RESUMED');
    expect((await client.closed).code).toBe(4009);
  });
});
