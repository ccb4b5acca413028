/** A worker dies under write load: what was acknowledged is heard once, no request hangs, and nothing of the dead sticks. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { APIChannel } from 'discord-api-types/v10';
import { eventually } from '../support/eventually.ts';
import { guildOn, personOn } from '../support/placed.ts';
import { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';
import { heardIn, storedIn, Writer, written } from '../support/writer.ts';

const SLOTS = [0, 1] as const;
const WRITERS = 4;
const VOICE = 2;

let town: Town;
let owner: Person;
let watcher: Person;
let bot: Bot;
const guilds: Place[] = [];
/** By the worker of their user actor. */
const people: Person[] = [];

beforeAll(async () => {
  town = await Town.open({ config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  watcher = await town.person('watcher');
  for (const slot of SLOTS) guilds.push(await guildOn(town, slot, owner));
  for (const slot of SLOTS) people.push(await personOn(town, slot));
  for (const place of guilds) await town.join(owner, place, watcher, ...people);
  bot = await town.bot('bot', guilds[0]?.id ?? '');
  await town.bot('bot', guilds[1]?.id ?? '');
});

afterAll(() => town[Symbol.asyncDispose]());

/** After one more message, the client holds exactly what was stored since it came. */
async function heardAll(client: RawGateway, place: Place, before: ReadonlySet<string>): Promise<void> {
  const { id } = await town.say(owner, place.channel, 'the end');
  await client.dispatch('MESSAGE_CREATE', { id }, { ms: 20_000 });
  expect(heardIn(client, place)).toEqual((await storedIn(town, owner, place)).filter((one) => !before.has(one)));
}

/** Who writes there was never refused, and nobody who lives saw the guild go or come. */
function undisturbed(place: Place, writers: readonly Writer[], clients: readonly RawGateway[]): void {
  expect(writers.filter((writer) => writer.place === place).flatMap(({ refused }) => refused)).toEqual([]);
  for (const client of clients) {
    const moves = client.dispatches.filter(({ t, d }) => {
      return (t === 'GUILD_DELETE' || t === 'GUILD_CREATE') && (d as { id: string }).id === place.id;
    });
    // A bot gets it once, after its READY.
    expect(moves.map(({ t }) => t)).toEqual(
      client.ready.guilds.some(({ unavailable }) => unavailable) ? ['GUILD_CREATE'] : [],
    );
  }
}

interface Whole {
  readonly id: string;
  readonly presences: { user: { id: string } }[];
  readonly voice_states: { user_id: string }[];
}

/** Who is shown as online or in a voice channel to somebody who comes now. */
async function shownTo(person: Person, slot: number): Promise<{ online: Set<string>[]; voices: Set<string>[] }> {
  await using client = await town.visit(person, town.worker(slot));
  const wholes = guilds.map(({ id }) => client.ready.guilds.find((guild) => guild.id === id) as unknown as Whole);
  return {
    online: wholes.map(({ presences }) => new Set(presences.map(({ user }) => user.id))),
    voices: wholes.map(({ voice_states }) => new Set(voice_states.map(({ user_id }) => user_id))),
  };
}

describe.each([1, 0])('when worker %d dies', (victim) => {
  const survivor = 1 - victim;

  test('under load, survivors hear every acknowledged message once, and no request hangs', async () => {
    const before = await Promise.all(guilds.map(async (place) => new Set(await storedIn(town, owner, place))));
    const address = town.worker(survivor);
    await using person = await town.visit(watcher, address);
    await using machine = await town.run(bot, address);
    for (const { id } of guilds) await machine.dispatch('GUILD_CREATE', { id });
    const stamp = Math.random().toString(36).slice(2, 8);
    const writers = Array.from({ length: WRITERS }, (_, n) => {
      return new Writer(town, owner, guilds[n % 2] as Place, address, `${stamp}${n}`);
    });
    await written(writers, 20);
    await town.killWorker(victim);
    const sofar = Math.max(...writers.map(({ acknowledged }) => acknowledged.length));
    await written(writers, sofar + 10);
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const [slot, place] of guilds.entries()) {
      for (const client of [person, machine]) await heardAll(client, place, before[slot] ?? new Set());
      const acknowledged = writers.filter((writer) => writer.place === place).flatMap((writer) => writer.acknowledged);
      const heard = heardIn(person, place);
      expect(acknowledged.filter((id) => !heard.includes(id))).toEqual([]);
      // The nonce makes one message of all that was asked again.
      expect(heard.length).toBe(acknowledged.length + 2);
    }
    expect(writers.flatMap(({ slow }) => slow)).toEqual([]);
    expect(writers.flatMap(({ refused }) => refused).filter((status) => status !== 503)).toEqual([]);
    undisturbed(guilds[survivor] as Place, writers, [person, machine]);
    const numbers = machine.dispatches.map(({ s }) => s ?? 0);
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
  });

  test('its sessions cannot be resumed; they identify again and hear what comes', async () => {
    const lost = [await town.visit(watcher, town.worker(victim)), await town.run(bot, town.worker(victim))];
    await town.killWorker(victim);
    for (const client of lost) {
      await client.closed;
      for (const slot of SLOTS) {
        await using again = await RawGateway.resumeOf(town.worker(slot), client);
        expect((await again.op(9)).d).toBe(false);
        const isBot = client === lost[1];
        await again.identify(isBot ? { token: bot.token, intents: 513 } : { token: watcher.token });
        for (const { id, channel } of guilds) {
          if (isBot) await again.dispatch('GUILD_CREATE', { id });
          const said = await town.say(owner, channel, 'welcome back');
          await again.dispatch('MESSAGE_CREATE', { id: said.id });
        }
      }
    }
  });

  test('who was online or in voice only there is so no more; who is elsewhere stays', async () => {
    const there = await Promise.all(people.map((person) => town.visit(person, town.worker(victim))));
    await using here = await town.visit(watcher, town.worker(survivor));
    for (const { id } of guilds) {
      const channels = await town.rest<APIChannel[]>(owner.token, 'GET', `/guilds/${id}/channels`);
      const channel_id = channels.find(({ type }) => type === VOICE)?.id;
      for (const client of there) client.send(4, { guild_id: id, channel_id, self_mute: false, self_deaf: false });
      for (const { id: user_id } of people) {
        await here.dispatch('VOICE_STATE_UPDATE', { guild_id: id, user_id, channel_id });
      }
    }
    const ids = people.map(({ id }) => id);
    await eventually('all are online', async () => {
      const { online } = await shownTo(owner, survivor);
      return online.every((set) => [...ids, watcher.id].every((id) => set.has(id)));
    });
    await town.killWorker(victim);
    await Promise.all(there.map(({ closed }) => closed));
    for (const slot of SLOTS) {
      await eventually(`nobody dead is shown at ${slot}`, async () => {
        const { online, voices } = await shownTo(owner, slot);
        const isGone = [...online, ...voices].every((set) => ids.every((id) => !set.has(id)));
        return isGone && online.every((set) => set.has(watcher.id));
      });
    }
  });
});
