/** A worker dies with a guild and with the actors of some of its members: who was in voice or online, and lives elsewhere, is so for all afterwards, and nobody saw him go. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { type APIChannel, GatewayIntentBits as I } from 'discord-api-types/v10';
import { guildOn, personOn } from '../support/placed.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

const VICTIM = 1;
const SURVIVOR = 0;
const VOICE = 2;

let town: Town;
let owner: Person;
let place: Place;
let hall: string;
let den: string;
let bot: Bot;
/** Half of them live on the worker that dies. */
const members: Person[] = [];

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  place = await guildOn(town, VICTIM, owner);
  for (const slot of [SURVIVOR, VICTIM, SURVIVOR, VICTIM]) members.push(await personOn(town, slot));
  await town.join(owner, place, ...members);
  bot = await town.bot('bot', place.id);
  const [first, second] = [1, 2].map((n) => {
    return town.rest<APIChannel>(owner.token, 'POST', `/guilds/${place.id}/channels`, { name: `v${n}`, type: VOICE });
  });
  hall = (await first)?.id ?? '';
  den = (await second)?.id ?? '';
});

afterAll(() => town[Symbol.asyncDispose]());

interface Whole {
  readonly presences: readonly { readonly user: { readonly id: string }; readonly status: string }[];
  readonly voice_states: readonly VoiceState[];
}

interface VoiceState {
  readonly user_id: string;
  readonly channel_id: string | null;
  readonly self_mute: boolean;
  readonly session_id: string;
}

const speak = (client: RawGateway, channel_id: string | null, self_mute = false): void =>
  client.send(4, { guild_id: place.id, channel_id, self_mute, self_deaf: false });

const moderate = (person: Person, patch: object): Promise<unknown> =>
  town.rest(owner.token, 'PATCH', `/guilds/${place.id}/members/${person.id}`, patch);

test('voice states and presences come with the sessions, in the snapshot that all get', async () => {
  const [address, doomed] = [town.worker(SURVIVOR), town.worker(VICTIM)];
  const [anna, bert, carl, dora] = members as [Person, Person, Person, Person];
  await using a = await town.visit(anna, address);
  await using b = await town.visit(bert, address);
  await using c = await town.visit(carl, address);
  await using watcher = await town.run(
    bot,
    address,
    I.Guilds | I.GuildMessages | I.GuildVoiceStates | I.GuildPresences,
  );
  const d = await town.visit(dora, doomed);
  await watcher.dispatch('GUILD_CREATE', { id: place.id });
  const clients = [a, b, c, watcher];

  speak(a, hall, true);
  speak(b, hall);
  speak(c, hall);
  speak(d, hall);
  for (const { id } of members) await watcher.dispatch('VOICE_STATE_UPDATE', { user_id: id, channel_id: hall });
  // What a moderator did must not be undone by what the sessions once asked for.
  await moderate(bert, { channel_id: den });
  await moderate(carl, { channel_id: null });
  for (const client of clients) {
    await client.dispatch('VOICE_STATE_UPDATE', { user_id: bert.id, channel_id: den });
    await client.dispatch('VOICE_STATE_UPDATE', { user_id: carl.id, channel_id: null });
  }

  const marks = clients.map(({ frames }) => frames.mark);
  await town.killWorker(VICTIM);
  await d.closed;
  const wholes = clients.map((client, i) => {
    return client.dispatch<Whole>('GUILD_CREATE', { id: place.id }, { from: marks[i] ?? 0, ms: 20_000 });
  });
  for (const { voice_states, presences } of await Promise.all(wholes)) {
    const states = voice_states.map(({ user_id, channel_id, self_mute }) => [user_id, channel_id, self_mute]);
    expect(states.toSorted()).toEqual(
      [
        [anna.id, hall, true],
        [bert.id, den, false],
      ].toSorted(),
    );
    expect(presences.map(({ user }) => user.id).toSorted()).toEqual(
      [anna, bert, carl, bot].map(({ id }) => id).toSorted(),
    );
  }

  // They are really there: what is done to them is heard, and behind it that nothing else was.
  await moderate(bert, { mute: true });
  speak(a, null);
  const { id } = await town.say(owner, place.channel, 'the end');
  for (const [i, client] of clients.entries()) {
    const from = marks[i] ?? 0;
    await client.dispatch('VOICE_STATE_UPDATE', { user_id: bert.id, channel_id: den, mute: true }, { from });
    await client.dispatch('VOICE_STATE_UPDATE', { user_id: anna.id, channel_id: null }, { from });
    await client.dispatch('MESSAGE_CREATE', { id }, { from });
    const told = client.frames.items.slice(from).map(({ t }) => t);
    expect(told.filter((t) => t === 'PRESENCE_UPDATE')).toEqual([]);
    expect(told.filter((t) => t === 'VOICE_STATE_UPDATE').length).toBe(2);
    expect(told.filter((t) => t === 'GUILD_CREATE').length).toBe(1);
  }
});
