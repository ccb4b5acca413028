/** Every close code that a client can bring about, on a real socket. 4009 is the identify time-out: a test of the session machine has it. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { BOT_INTENTS, RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

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

async function closeAfter(act: (gateway: RawGateway) => void, path?: string): Promise<number> {
  await using gateway = await RawGateway.open(town.url, path);
  act(gateway);
  return (await gateway.closed).code;
}

const identify = (more: object) => (gateway: RawGateway) =>
  gateway.send(2, { token: bot.token, intents: BOT_INTENTS, properties: PROPERTIES, ...more });

test('4001 for an opcode that nobody knows', async () => {
  expect(await closeAfter((it) => it.send(99, {}))).toBe(4001);
});

test.each([
  ['text that is no JSON', '{"op":'],
  ['JSON that is no frame', '[1,2]'],
  ['an identify without token', '{"op":2,"d":{"intents":1}}'],
  ['a frame of more than 4096 bytes', JSON.stringify({ op: 1, d: 'x'.repeat(5000) })],
])('4002 for %s', async (_name, text) => {
  expect(await closeAfter((it) => it.sendText(text))).toBe(4002);
});

test('4002 for bytes', async () => {
  expect(await closeAfter((it) => it.sendBytes(new Uint8Array([1, 2, 3])))).toBe(4002);
});

test('4003 for what needs an identify first', async () => {
  expect(await closeAfter((it) => it.send(3, { status: 'online', activities: [], afk: false, since: null }))).toBe(
    4003,
  );
  expect(await closeAfter((it) => it.send(8, { guild_id: place.id, query: '', limit: 0 }))).toBe(4003);
});

test('4004 for a token that is not one', async () => {
  expect(await closeAfter(identify({ token: 'nonsense' }))).toBe(4004);
  expect(await closeAfter(identify({ token: `${bot.token}x` }))).toBe(4004);
});

test('4004 for the sessions of a token that is revoked', async () => {
  const application = await town.rest<{ id: string }>(owner.token, 'POST', '/applications', { name: 'fleeting' });
  const path = `/applications/${application.id}/bot`;
  const { token } = await town.rest<{ token: string }>(owner.token, 'POST', path);
  await using gateway = await RawGateway.login(town.url, { token, intents: I.Guilds });
  await town.rest(owner.token, 'POST', `${path}/reset`);
  expect((await gateway.closed).code).toBe(4004);
  expect(await closeAfter(identify({ token, intents: I.Guilds }))).toBe(4004);
});

test('4005 for a second identify, and for a resume after it', async () => {
  for (const again of [
    identify({}),
    (it: RawGateway) => it.send(6, { token: bot.token, session_id: it.ready.session_id, seq: 1 }),
  ]) {
    await using gateway = await town.run(bot);
    again(gateway);
    expect((await gateway.closed).code).toBe(4005);
  }
});

test('4008 for more than 120 frames a minute', async () => {
  const code = await closeAfter((it) => {
    for (let n = 0; n < 121; n += 1) it.send(1, null);
  });
  expect(code).toBe(4008);
});

test('120 frames a minute are fine', async () => {
  await using gateway = await RawGateway.open(town.url);
  for (let n = 0; n < 119; n += 1) gateway.send(1, null);
  await gateway.identify({ token: bot.token, intents: BOT_INTENTS });
  expect(gateway.frames.items.filter(({ op }) => op === 11)).toHaveLength(119);
});

test.each([[[1, 1]], [[-1, 2]], [[0, 0]], [[0]], ['0,1'], [[0.5, 2]]])('4010 for the shard %p', async (shard) => {
  expect(await closeAfter(identify({ shard }))).toBe(4010);
});

test('4012 for a version that is not spoken', async () => {
  expect(await closeAfter(() => undefined, '/?v=6&encoding=json')).toBe(4012);
  expect(await closeAfter(() => undefined, '/?v=11')).toBe(4012);
});

test.each([[-1], [2 ** 30], [2 ** 40], ['513'], [1.5]])('4013 for the intents %p', async (intents) => {
  expect(await closeAfter(identify({ intents }))).toBe(4013);
});

test('4013 for a bot that says no intents', async () => {
  expect(await closeAfter(identify({ intents: undefined }))).toBe(4013);
});

test('4014 for privileged intents that the application has not been given, one by one', async () => {
  const application = await town.rest<{ id: string }>(owner.token, 'POST', '/applications', { name: 'modest' });
  const { token } = await town.rest<{ token: string }>(owner.token, 'POST', `/applications/${application.id}/bot`);
  for (const intent of [I.GuildMembers, I.GuildPresences, I.MessageContent]) {
    expect(await closeAfter(identify({ token, intents: I.Guilds | intent }))).toBe(4014);
  }
  await using gateway = await RawGateway.login(town.url, { token, intents: I.Guilds | I.GuildMessages });
  expect(gateway.open).toBe(true);
});

test('op 7 and 1001 when the server stops', async () => {
  const other = await Town.open({ workers: 2 });
  const guest = await other.person();
  await using first = await other.visit(guest, other.worker(0));
  await using second = await other.visit(guest, other.worker(1));
  await other[Symbol.asyncDispose]();
  for (const gateway of [first, second]) {
    expect((await gateway.closed).code).toBe(1001);
    expect(gateway.frames.items.at(-1)?.op).toBe(7);
  }
});
