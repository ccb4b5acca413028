/** A person's session: whole guilds in READY, no GUILD_CREATE burst, nothing that came meanwhile lost; and what he asks to hear of a large guild. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIChannel, APIMessage } from 'discord-api-types/v10';
import { guildOn } from '../support/placed.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Person, type Place, Town } from '../support/town.ts';
import { Trail } from '../support/trail.ts';

let town: Town;
let owner: Person;
let guest: Person;
let places: Place[];

beforeAll(async () => {
  town = await Town.open({ workers: 2 });
  owner = await town.person('owner');
  guest = await town.person('guest');
  places = [await guildOn(town, 0, owner), await guildOn(town, 1, owner)];
  for (const place of places) await town.join(owner, place, guest);
});
afterAll(async () => {
  await town?.[Symbol.asyncDispose]();
});

test('READY has every guild whole, whichever worker owns it', async () => {
  for (const slot of [0, 1]) {
    await using gateway = await town.visit(guest, town.worker(slot));
    const { guilds, user } = gateway.ready;
    expect(user).toMatchObject({ id: guest.id, username: guest.name });
    expect(guilds.map(({ id }) => id).sort()).toEqual(places.map(({ id }) => id).sort());
    for (const guild of guilds) {
      expect(guild).toMatchObject({ owner_id: owner.id, member_count: 2 });
      expect(guild.unavailable ?? false).toBe(false);
      expect(guild.channels).toContainEqual(expect.objectContaining({ name: 'general', type: 0 }));
    }
    await town.say(owner, places[0]!.channel, `a barrier at ${slot}`);
    await gateway.dispatch('MESSAGE_CREATE', { content: `a barrier at ${slot}` });
    expect(gateway.all('GUILD_CREATE')).toEqual([]);
  }
});

test('what user clients read is there', async () => {
  await using gateway = await town.visit(guest);
  expect(gateway.ready).toMatchObject({
    v: 10,
    session_id: expect.any(String),
    resume_gateway_url: expect.stringMatching(/^ws:/),
    relationships: [],
    read_state: { entries: [] },
    user_guild_settings: { entries: [] },
    sessions: expect.any(Array),
    users: expect.any(Array),
  });
});

test('an open DM is listed with its other side', async () => {
  const dm = await town.rest<APIChannel>(owner.token, 'POST', '/users/@me/channels', { recipient_id: guest.id });
  await town.say(owner, dm.id, 'psst');
  await using gateway = await town.visit(guest);
  const listed = gateway.ready.private_channels as { id: string; recipients: { id: string }[] }[];
  expect(listed.map(({ id, recipients }) => [id, recipients.map((it) => it.id)])).toEqual([[dm.id, [owner.id]]]);
});

test('a guild made or joined later comes whole', async () => {
  const newcomer = await town.person('newcomer');
  await using gateway = await town.visit(newcomer);
  expect(gateway.ready.guilds).toEqual([]);
  const own = await town.guild(newcomer, 'own');
  await gateway.dispatch('GUILD_CREATE', { id: own.id, member_count: 1 });
  await town.join(owner, places[1]!, newcomer);
  const joined = await gateway.dispatch('GUILD_CREATE', { id: places[1]!.id });
  expect(joined.unavailable ?? false).toBe(false);
  await town.say(owner, places[1]!.channel, 'welcome');
  const message = await gateway.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'welcome' });
  expect(message.author.id).toBe(owner.id);
});

test('people may do what bots may not, and are told apart', async () => {
  await using gateway = await town.visit(owner);
  expect(gateway.ready.user).not.toMatchObject({ bot: true });
  expect(gateway.ready.application).toBeUndefined();
});

describe('in a guild of more than 250', () => {
  const EVENTS = ['PRESENCE_UPDATE', 'TYPING_START'];
  let place: Place;
  let people: readonly Person[];
  /** They take turns: of one, presences that come too fast would wait. */
  let speakers: readonly RawGateway[];
  /** Has asked for everything. */
  let keen: RawGateway;
  let stirs = 0;

  beforeAll(async () => {
    ({ place, people } = await town.crowd(251));
    speakers = await Promise.all([0, 1].map((n) => town.visit(people[n]!, town.worker(n))));
    keen = await town.visit(people[2]!, town.worker(1));
    keen.send(37, { subscriptions: { [place.id]: { typing: true, activities: true, threads: true } } });
    await keen.dispatch('GUILD_CREATE', { id: place.id, large: true });
  });
  afterAll(async () => {
    for (const client of [...speakers, keen]) await client[Symbol.asyncDispose]();
  });

  /** Somebody is something else, types and writes: what he writes is the last that anybody hears of it. */
  async function stir(): Promise<string> {
    const from = keen.frames.mark;
    const [who, status, content] = [stirs % 2, stirs % 4 < 2 ? 'idle' : 'dnd', `stir ${stirs}`];
    stirs += 1;
    speakers[who]?.send(3, { status, activities: [], since: null, afk: false });
    await keen.dispatch('PRESENCE_UPDATE', { guild_id: place.id, status }, { from });
    await town.rest(people[who]!.token, 'POST', `/channels/${place.channel}/typing`);
    await town.say(people[who]!, place.channel, content);
    await keen.dispatch('MESSAGE_CREATE', { content }, { from });
    expect(keen.frames.items.slice(from).filter(({ t }) => t === 'TYPING_START')).toHaveLength(1);
    return content;
  }

  test('typing and presence come to a person who has asked for them by op 14 or op 37, and to him alone', async () => {
    await using trail = new Trail(await town.visit(people[3]!, town.worker(0)));
    const heard = async (): Promise<(string | null)[]> => {
      const from = trail.frames.length;
      const content = await stir();
      await trail.client.dispatch('MESSAGE_CREATE', { content });
      return trail.frames.slice(from).flatMap(({ t }) => (EVENTS.includes(t ?? '') ? [t] : []));
    };
    const says = async (op: number, d: object): Promise<void> => {
      const from = trail.client.frames.mark;
      trail.client.send(op, d);
      await trail.client.dispatch('GUILD_CREATE', { id: place.id, unavailable: false }, { from });
    };
    expect(await heard()).toEqual([]);
    await says(14, { guild_id: place.id, typing: true, channels: { [place.channel]: [[0, 99]] } });
    expect(await heard()).toEqual(['TYPING_START']);
    await says(37, { subscriptions: { [place.id]: { activities: true } } });
    expect(await heard()).toEqual(EVENTS);

    await trail.cut();
    const missed = trail.frames.length;
    await stir();
    await trail.resume(town.worker(1));
    expect(trail.frames.slice(missed).map(({ t }) => t)).toEqual([...EVENTS, 'MESSAGE_CREATE', 'RESUMED']);
    expect(await heard()).toEqual(EVENTS);

    await says(14, { guild_id: place.id, typing: false });
    expect(await heard()).toEqual(['PRESENCE_UPDATE']);
    await says(14, { guild_id: place.id, activities: false });
    expect(await heard()).toEqual([]);
    expect(trail.problems(false)).toEqual([]);
  });
});
