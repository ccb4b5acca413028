/** A person's session: whole guilds in READY, no GUILD_CREATE burst, nothing that came meanwhile lost. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIChannel, APIMessage } from 'discord-api-types/v10';
import { guildOn } from '../support/placed.ts';
import { type Person, type Place, Town } from '../support/town.ts';

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
