/** What one session may be in, and how many sockets may stay unknown. */
import { expect, test } from 'bun:test';
import { eventually } from '../support/eventually.ts';
import { RawGateway } from '../support/raw-gateway.ts';
import { BOT, BOT_INTENTS, PERSON, TinyTown } from '../support/tiny-town.ts';

/** Their shards of two differ. */
const GUILDS = [String(1n << 22n), String(2n << 22n)];

async function townOfTwo(): Promise<TinyTown> {
  const town = new TinyTown({ limits: { sessionGuilds: 1 } });
  for (const guild of GUILDS) {
    for (const user of [BOT, PERSON]) await town.do({ kind: 'tinyJoin', user }, guild);
  }
  return town;
}

const bot = { token: `bot.${BOT}`, intents: BOT_INTENTS, properties: {} };

test('a bot in more guilds than one session may have must shard, before it hears anything', async () => {
  await using town = await townOfTwo();
  await using whole = await RawGateway.open(town.url());
  whole.send(2, bot);
  expect((await whole.closed).code).toBe(4011);
  await eventually('it is counted', () => town.workers[0]?.gateway.measure().closed.shardingRequired === 1);
  expect(whole.dispatches).toEqual([]);
  for (const shard of [0, 1]) {
    await using part = await RawGateway.open(town.url());
    const { guilds } = await part.identify({ ...bot, shard: [shard, 2] } as never);
    expect(guilds).toHaveLength(1);
  }
});

test('a person in more guilds has the first of them', async () => {
  await using town = await townOfTwo();
  await using client = await RawGateway.login(town.url(), { token: `person.${PERSON}` });
  expect(client.ready.guilds).toHaveLength(1);
});

test('while too many sockets have not identified, no further one is taken', async () => {
  await using town = new TinyTown({ limits: { strangers: 2, sweepMs: 5 } });
  const open = () => RawGateway.open(town.url()).catch(() => null);
  await using known = await RawGateway.login(town.url(), { token: `person.${PERSON}` });
  // Who has identified is no stranger from the next sweep on.
  const strangers = [await eventually('one is taken', open), await eventually('another one is', open)];
  const refused = town.workers[0]?.gateway.measure().socketsRefused ?? 0;
  expect(await open()).toBeNull();
  expect(town.workers[0]?.gateway.measure().socketsRefused).toBe(refused + 1);
  expect(known.open).toBe(true);
  for (const stranger of strangers) stranger.terminate();
  await using _late = await eventually('there is room again', open);
});
