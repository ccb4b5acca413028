/** Whichever workers have the socket, the guild, the user and the request: everything a client sees is the same. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIChannel } from 'discord-api-types/v10';
import { botOn, guildOn, personOn } from '../support/placed.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town, tokenOf } from '../support/town.ts';

const SLOTS = [0, 1] as const;
const VOICE = 2;

interface Here {
  readonly guild: Place;
  readonly voice: string;
  /** Where the request arrives. */
  readonly base: string;
  readonly client: RawGateway;
  readonly who: Person | Bot;
}

let town: Town;
let owner: Person;
const guilds: Place[] = [];
const voices: string[] = [];
const people: Person[] = [];
const bots: Bot[] = [];

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  for (const slot of SLOTS) guilds.push(await guildOn(town, slot, owner));
  for (const { id } of guilds) {
    const channels = await town.rest<APIChannel[]>(owner.token, 'GET', `/guilds/${id}/channels`);
    voices.push(channels.find(({ type }) => type === VOICE)?.id ?? '');
  }
  for (const slot of SLOTS) {
    const person = await personOn(town, slot);
    const bot = await botOn(town, slot, `bot${slot}`, guilds[0]?.id ?? '');
    for (const place of guilds) await town.join(owner, place, person);
    await town.bot(bot.name, guilds[1]?.id ?? '');
    people.push(person);
    bots.push(bot);
  }
});

afterAll(() => town[Symbol.asyncDispose]());

const once = (client: RawGateway, name: string, fields: Record<string, unknown>): number =>
  client
    .all<Record<string, unknown>>(name)
    .filter((d) => Object.entries(fields).every(([key, value]) => d[key] === value)).length;

/** Write, edit, react, delete, type: each event arrives once, in the order of the answers. */
async function talk({ guild, base, client }: Here): Promise<void> {
  const path = `/channels/${guild.channel}`;
  const from = client.frames.mark;
  const at = { base };
  const { id } = await town.rest<{ id: string }>(owner.token, 'POST', `${path}/messages`, { content: 'one' }, at);
  await town.rest(owner.token, 'PATCH', `${path}/messages/${id}`, { content: 'two' }, at);
  await town.rest(owner.token, 'PUT', `${path}/messages/${id}/reactions/%F0%9F%91%8D/@me`, undefined, at);
  await town.rest(owner.token, 'POST', `${path}/typing`, undefined, at);
  await town.rest(owner.token, 'DELETE', `${path}/messages/${id}`, undefined, at);
  const events = [
    ['MESSAGE_CREATE', { id, content: 'one', guild_id: guild.id }],
    ['MESSAGE_UPDATE', { id, content: 'two' }],
    ['MESSAGE_REACTION_ADD', { message_id: id, user_id: owner.id }],
    ['TYPING_START', { channel_id: guild.channel, user_id: owner.id }],
    ['MESSAGE_DELETE', { id }],
  ] as const;
  for (const [name, fields] of events) await client.dispatch(name, fields, { from });
  const heard = client.frames.items.slice(from).flatMap(({ t }) => (events.some(([name]) => name === t) ? [t] : []));
  expect(heard).toEqual(events.map(([name]) => name));
}

async function talkAlone({ base, client, who }: Here): Promise<void> {
  const { id: channel } = await town.rest<APIChannel>(
    owner.token,
    'POST',
    '/users/@me/channels',
    { recipient_id: who.id },
    { base },
  );
  const { id } = await town.say(owner, channel, 'between us');
  const heard = await client.dispatch('MESSAGE_CREATE', { id });
  expect([heard.content, heard.guild_id]).toEqual(['between us', undefined]);
  const sent = await town.rest<{ id: string }>(
    tokenOf(who),
    'POST',
    `/channels/${channel}/messages`,
    { content: 'yes' },
    { base },
  );
  await client.dispatch('MESSAGE_CREATE', { id: sent.id });
  expect([once(client, 'MESSAGE_CREATE', { id }), once(client, 'MESSAGE_CREATE', { id: sent.id })]).toEqual([1, 1]);
}

async function askMembers({ guild, client, who }: Here): Promise<void> {
  const nonce = Math.random().toString(36).slice(2);
  client.send(8, { guild_id: guild.id, user_ids: [who.id, owner.id], nonce });
  const chunk = await client.dispatch<{ members: { user: { id: string } }[] }>('GUILD_MEMBERS_CHUNK', { nonce });
  expect(chunk.members.map(({ user }) => user.id).sort()).toEqual([who.id, owner.id].sort());
  expect(chunk).toMatchObject({ guild_id: guild.id, chunk_index: 0, chunk_count: 1 });
  expect(once(client, 'GUILD_MEMBERS_CHUNK', { nonce })).toBe(1);
}

/** In and out of a voice channel; `watcher` is somebody else's session. */
async function call({ guild, voice, client, who }: Here, watcher: RawGateway): Promise<void> {
  for (const channel_id of [voice, null]) {
    const from = client.frames.mark;
    const seenFrom = watcher.frames.mark;
    client.send(4, { guild_id: guild.id, channel_id, self_mute: true, self_deaf: false });
    const fields = { guild_id: guild.id, channel_id, user_id: who.id };
    const mine = await client.dispatch('VOICE_STATE_UPDATE', fields, { from });
    expect(mine).toMatchObject({ session_id: client.ready.session_id, self_mute: true });
    await watcher.dispatch('VOICE_STATE_UPDATE', fields, { from: seenFrom });
  }
}

/** The guild as the client was told, whole and once. */
async function seen(client: RawGateway, who: Person | Bot, guild: Place): Promise<void> {
  if (who.kind === 'bot') await client.dispatch('GUILD_CREATE', { id: guild.id });
  const told = who.kind === 'bot' ? client.all<Record<string, unknown>>('GUILD_CREATE') : client.ready.guilds;
  const mine = told.filter(({ id }) => id === guild.id);
  expect(mine.length).toBe(1);
  expect(mine[0]).toMatchObject({ unavailable: false, owner_id: owner.id });
  const channels = mine[0]?.channels as { id: string }[];
  expect(channels.map(({ id }) => id)).toContain(guild.channel);
}

const cases = SLOTS.flatMap((socket) =>
  SLOTS.flatMap((home) => SLOTS.flatMap((user) => SLOTS.map((rest) => ({ socket, home, user, rest })))),
);

describe.each(cases)('socket at $socket, guild at $home, user at $user, request at $rest', (places) => {
  test.each(['person', 'bot'] as const)('a %s sees all of it', async (kind) => {
    const guild = guilds[places.home] as Place;
    const who = (kind === 'bot' ? bots[places.user] : people[places.user]) as Person | Bot;
    const address = town.worker(places.socket);
    await using watcher = await town.visit(owner, town.worker(1 - places.socket));
    await using client = await (who.kind === 'bot' ? town.run(who, address) : town.visit(who, address));
    const here = { guild, voice: voices[places.home] ?? '', base: town.worker(places.rest), client, who };
    await seen(client, who, guild);
    await talk(here);
    await talkAlone(here);
    await askMembers(here);
    await call(here, watcher);
    const numbers = client.dispatches.map(({ s }) => s ?? 0);
    if (kind === 'bot') expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    else expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
  });
});
