/** The rules of the wire that client libraries stand on, one by one, as raw text (docs/clients.md names the libraries). */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIApplication, APIChannel, APIMessage } from 'discord-api-types/v10';
import { answerOf } from '../support/call-rest.ts';
import { BOT_INTENTS, RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

const MOST_S = 2 ** 31;
const SNOWFLAKE = /^\d{17,19}$/;
const PROPERTIES = { os: 'linux', browser: 'tests', device: 'tests' };

let town: Town;
let owner: Person;
let place: Place;
let bot: Bot;

beforeAll(async () => {
  town = await Town.open({ workers: 2 });
  owner = await town.person('owner');
  place = await town.guild(owner);
  bot = await town.bot('raw', place.id);
});
afterAll(async () => {
  await town?.[Symbol.asyncDispose]();
});

/** A fresh bot session that has been given something of everything. */
async function busyBot(): Promise<RawGateway> {
  const gateway = await town.run(bot);
  await gateway.dispatch('GUILD_CREATE', { id: place.id });
  gateway.send(1, gateway.seq);
  await gateway.op(11);
  await town.say(owner, place.channel, 'for the rules');
  await gateway.dispatch('MESSAGE_CREATE', { content: 'for the rules' });
  return gateway;
}

test('1: t, s and op stand before d, without blanks, in every frame', async () => {
  await using gateway = await busyBot();
  for (const { text } of gateway.frames.items) {
    expect(text).toMatch(/^\{"t":(null|"[A-Z_]+"),"s":(null|\d+),"op":\d+(,"d":|\})/);
  }
  expect(gateway.frames.items.length).toBeGreaterThan(3);
});

test('2: what is no dispatch says t and s are null', async () => {
  await using gateway = await busyBot();
  const others = gateway.frames.items.filter(({ op }) => op !== 0);
  expect(others.map(({ op }) => op).sort()).toEqual([10, 11]);
  for (const { text } of others) expect(text).toStartWith('{"t":null,"s":null,"op":');
});

test("3: numbers fit 31 bits; a bot's are consecutive from 1, a person's grow", async () => {
  await using gateway = await busyBot();
  const numbers = gateway.dispatches.map(({ s }) => s ?? 0);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  await using visitor = await town.visit(owner);
  for (let n = 0; n < 3; n += 1) await town.say(owner, place.channel, `number ${n}`);
  await visitor.dispatch('MESSAGE_CREATE', { content: 'number 2' });
  const shared = visitor.dispatches.map(({ s }) => s ?? 0);
  expect(shared).toEqual([...new Set(shared)].sort((a, b) => a - b));
  expect(shared.at(-1)!).toBeLessThan(MOST_S);
});

test('4: ids sent as numbers keep their digits: op 8', async () => {
  await using gateway = await busyBot();
  for (const guild of [place.id, `[${place.id}]`, `"${place.id}"`, `["${place.id}"]`]) {
    const from = gateway.frames.mark;
    const nonce = `as ${guild}`;
    gateway.sendText(
      `{"op":8,"d":{"guild_id":${guild},"user_ids":[${owner.id}],"limit":0,"nonce":${JSON.stringify(nonce)}}}`,
    );
    const chunk = await gateway.dispatch<{ members: { user: { id: string } }[]; guild_id: string }>(
      'GUILD_MEMBERS_CHUNK',
      { nonce },
      { from },
    );
    expect(chunk).toMatchObject({ guild_id: place.id, chunk_index: 0, chunk_count: 1 });
    expect(chunk.members.map(({ user }) => user.id)).toEqual([owner.id]);
  }
});

test('4: ids sent as numbers keep their digits: REST bodies', async () => {
  const first = await town.say(owner, place.channel, 'answer me');
  const body = `{"content":"an answer","message_reference":{"message_id":${first.id},"channel_id":${place.channel}}}`;
  const path = `/channels/${place.channel}/messages`;
  const reply = await town.rest<APIMessage>(`Bot ${bot.token}`, 'POST', path, body);
  expect(reply.message_reference).toMatchObject({ message_id: first.id, channel_id: place.channel });
});

test('5, 6: every answer is exactly application/json and has Via, errors too', async () => {
  const asks = [
    [null, '/gateway', 200],
    [owner.token, '/users/@me', 200],
    [null, '/users/@me', 401],
    ['Bot nonsense', '/users/@me', 401],
    [owner.token, '/no/such/route', 404],
    [owner.token, '/channels/123456789012345678', 404],
  ] as const;
  for (const [token, path, status] of asks) {
    const answered = await answerOf(town.url, token, 'GET', path);
    expect([path, answered.status]).toEqual([path, status]);
    expect(answered.headers.get('content-type')).toBe('application/json');
    expect(answered.headers.get('via')).not.toBeNull();
  }
});

test('7: Retry-After is a whole number of seconds; the body has the fraction', async () => {
  const slow = await town.rest<APIChannel>(owner.token, 'POST', `/guilds/${place.id}/channels`, {
    name: 'slow',
    type: 0,
    rate_limit_per_user: 30,
  });
  const guest = await town.person('guest');
  await town.join(owner, place, guest);
  await town.say(guest, slow.id, 'once');
  const path = `/channels/${slow.id}/messages`;
  const refused = await answerOf(town.url, guest.token, 'POST', path, { content: 'twice' });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(refused.body).toMatchObject({ code: 20016, retry_after: expect.any(Number) });
});

test('7: a full bucket says so in every header that libraries read', async () => {
  const path = `/channels/${place.channel}/typing`;
  const answers = await Promise.all(
    Array.from({ length: 260 }, () => answerOf(town.url, `Bot ${bot.token}`, 'POST', path)),
  );
  const limited = answers.filter(({ status }) => status === 429);
  expect(limited.length).toBeGreaterThan(0);
  for (const { headers, body } of limited) {
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(body).toMatchObject({ message: expect.any(String), retry_after: expect.any(Number), global: false });
  }
  const { headers } = answers.find(({ status }) => status === 204)!;
  for (const name of ['limit', 'remaining', 'reset', 'reset-after', 'bucket']) {
    expect([name, headers.get(`x-ratelimit-${name}`)]).toEqual([name, expect.any(String)]);
  }
  expect(headers.get('x-ratelimit-remaining')).toMatch(/^\d+$/);
});

test('8: READY lists the guild as unavailable, GUILD_CREATE says it is not', async () => {
  await using gateway = await town.run(bot);
  expect(gateway.ready.guilds).toEqual([{ id: place.id, unavailable: true }]);
  const create = await gateway.dispatch('GUILD_CREATE', { id: place.id });
  expect(create.unavailable).toBe(false);
});

test('9: any path, both versions, with and without encoding', async () => {
  const paths = [
    '/?v=10',
    '?v=9&encoding=json',
    '//?v=10&encoding=json',
    '/gateway/?v=9',
    '/',
    '/?v=10&compress=zlib-stream',
  ];
  for (const path of paths) {
    await using gateway = await RawGateway.open(town.url, path);
    const ready = await gateway.identify({ token: bot.token, intents: BOT_INTENTS });
    expect([path, ready.user.id]).toEqual([path, bot.id]);
    expect(ready.resume_gateway_url).toMatch(/^ws:\/\/[^/?]+$/);
  }
  for (const version of ['v10', 'v9'] as const) {
    const { url } = await town.rest<{ url: string }>(null, 'GET', '/gateway', undefined, { version });
    expect(url).toBe(town.url.replace('http', 'ws'));
  }
});

test('10: ops 1 and 2 are taken before HELLO has been read', async () => {
  await using gateway = await RawGateway.open(town.url);
  gateway.send(1, null);
  gateway.send(2, { token: bot.token, intents: BOT_INTENTS, properties: PROPERTIES });
  await gateway.op(11);
  await gateway.dispatch('READY');
  await gateway.dispatch('GUILD_CREATE', { id: place.id });
  expect(gateway.frames.items[0]?.op).toBe(10);
});

test('11: tokens are taken with and without their prefix, and begin with the user id', async () => {
  for (const token of [bot.token, `Bot ${bot.token}`]) {
    await using gateway = await RawGateway.login(town.url, { token, intents: BOT_INTENTS });
    expect(gateway.ready.user.id).toBe(bot.id);
  }
  for (const { id, token } of [bot, owner]) {
    const parts = token.split('.');
    expect(parts.map((part) => part.length > 0)).toEqual([true, true, true]);
    expect(atob(parts[0]!)).toBe(id);
  }
});

test('12: ids have 17 to 19 digits and tell their time', async () => {
  const before = Date.now();
  const message = await town.say(owner, place.channel, 'when?');
  for (const id of [message.id, place.id, place.channel, bot.id, owner.id]) expect(id).toMatch(SNOWFLAKE);
  const made = Number(BigInt(message.id) >> 22n) + 1_420_070_400_000;
  expect(Math.abs(made - before)).toBeLessThan(60_000);
});

test('14: 401 is only for a bad token; what is hidden and what is missing look the same', async () => {
  const stranger = await town.person('stranger');
  const hidden = await answerOf(town.url, stranger.token, 'GET', `/channels/${place.channel}`);
  const guild = await answerOf(town.url, stranger.token, 'GET', `/guilds/${place.id}`);
  expect([hidden.status, guild.status]).not.toContain(401);
  expect(hidden.status).toBeGreaterThanOrEqual(403);
  const missing = await answerOf(town.url, stranger.token, 'GET', `/guilds/${BigInt(place.id) + 1n}`);
  expect([guild.status, guild.body]).toEqual([missing.status, missing.body]);
});

test('15, 16: a sane heartbeat interval, and no op 1 from the server', async () => {
  await using gateway = await busyBot();
  const hello = gateway.frames.items[0];
  expect(hello?.d).toMatchObject({ heartbeat_interval: 41_250 });
  expect(gateway.frames.items.filter(({ op }) => op === 1)).toEqual([]);
});

test('17: what cannot be resumed gets op 9 false, and the socket takes an identify', async () => {
  await using gateway = await RawGateway.open(town.url);
  for (const session of ['nonsense', '0.1.1.nonsense', '7.1.1.nonsense', '']) {
    const from = gateway.frames.mark;
    gateway.send(6, { token: bot.token, session_id: session, seq: 5 });
    const frame = await gateway.op(9, { from });
    expect([session, frame.text]).toEqual([session, '{"t":null,"s":null,"op":9,"d":false}']);
  }
  await gateway.identify({ token: bot.token, intents: BOT_INTENTS });
  await gateway.dispatch('GUILD_CREATE', { id: place.id });
  expect(gateway.open).toBe(true);
});

test('a resume whatever the close code, RESUMED with an object, replayed before it', async () => {
  for (const code of [1000, 4000, 4200]) {
    await using first = await busyBot();
    first.close(code);
    await first.closed;
    await town.say(owner, place.channel, `while away from ${code}`);
    await using second = await RawGateway.resumeOf(town.url, first);
    const resumed = await second.frames.until('RESUMED', ({ t }) => t === 'RESUMED');
    expect(resumed.d).toEqual(expect.any(Object));
    const missed = second.all<APIMessage>('MESSAGE_CREATE').map(({ content }) => content);
    expect(missed).toEqual([`while away from ${code}`]);
  }
});

test('READY and GUILD_CREATE have every key that some library cannot do without', async () => {
  await using gateway = await RawGateway.login(town.url, { token: bot.token, intents: BOT_INTENTS, shard: [0, 1] });
  expect(gateway.ready).toMatchObject({
    v: 10,
    user: { id: bot.id, discriminator: '0', avatar: null, bot: true, mfa_enabled: false },
    application: { id: expect.stringMatching(SNOWFLAKE), flags: expect.any(Number) },
    private_channels: [],
    shard: [0, 1],
  });
  const create = await gateway.dispatch('GUILD_CREATE', { id: place.id });
  const arrays =
    'roles channels threads guild_scheduled_events emojis voice_states members presences stage_instances stickers soundboard_sounds features';
  for (const key of arrays.split(' ')) expect([key, Array.isArray(create[key])]).toEqual([key, true]);
  const scalars =
    'name owner_id afk_timeout verification_level default_message_notifications explicit_content_filter mfa_level nsfw_level preferred_locale ' +
    'premium_progress_bar_enabled premium_tier system_channel_flags joined_at large member_count';
  for (const key of scalars.split(' ')) expect([key, create[key] ?? 'missing']).not.toEqual([key, 'missing']);
  expect(create.members).toContainEqual(expect.objectContaining({ user: expect.objectContaining({ id: bot.id }) }));
  const [role] = create.roles as Record<string, unknown>[];
  expect(role).toMatchObject({ permissions: expect.stringMatching(/^\d+$/), colors: { primary_color: 0 }, flags: 0 });
});

test('every time is one that discord.py reads under Python 3.8: microseconds and an offset, never Z', async () => {
  await using gateway = await busyBot();
  const as = owner.token;
  const late = await town.person('late');
  await town.join(owner, place, late);
  const soon = new Date(Date.now() + 60_000).toISOString();
  const answers = [
    await town.rest(as, 'POST', `/channels/${place.channel}/invites`, { max_age: 3600 }),
    await town.rest(as, 'PATCH', `/guilds/${place.id}/members/${late.id}`, { communication_disabled_until: soon }),
    await town.rest(as, 'POST', `/channels/${place.channel}/messages`, { embeds: [{ title: 'e', timestamp: soon }] }),
  ];
  await gateway.dispatch('MESSAGE_CREATE', { content: '' });
  const texts = [...answers.map((answer) => JSON.stringify(answer)), ...gateway.frames.items.map(({ text }) => text)];
  const times = texts.flatMap((text) => text.match(/"\w+":"\d{4}-\d\d-\d\dT[^"]*"/g) ?? []);
  for (const key of ['joined_at', 'created_at', 'expires_at', 'communication_disabled_until', 'timestamp'])
    expect(times.filter((time) => time.startsWith(`"${key}"`)).length).toBeGreaterThan(0);
  expect(times.filter((time) => !/T\d\d:\d\d:\d\d\.\d{6}\+00:00"$/.test(time))).toEqual([]);
});

test('discord.py finds the eight keys of its application', async () => {
  const application = await town.rest<APIApplication>(`Bot ${bot.token}`, 'GET', '/oauth2/applications/@me');
  expect(Object.keys(application)).toEqual(
    expect.arrayContaining([
      'id',
      'name',
      'icon',
      'description',
      'bot_public',
      'bot_require_code_grant',
      'verify_key',
      'owner',
    ]),
  );
});

test('GET /gateway/bot has room for every library', async () => {
  const { body } = await answerOf(town.url, `Bot ${bot.token}`, 'GET', '/gateway/bot');
  expect(body).toMatchObject({ url: town.url.replace('http', 'ws'), shards: 1 });
  const { session_start_limit: limit } = body as { session_start_limit: Record<string, number> };
  expect(limit.remaining!).toBeGreaterThan(0);
  expect(limit.max_concurrency!).toBeGreaterThanOrEqual(16);
});
