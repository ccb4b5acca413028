/** Sessions that attach while everything moves: events, roles, membership, owners that die. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIChannel, APIMessage, APIRole } from 'discord-api-types/v10';
import { guildOn } from '../support/placed.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

const VIEW_CHANNEL = '1024';
const SESSIONS = 12;

let town: Town;
let owner: Person;
let guest: Person;
let bot: Bot;
let places: Place[];

beforeAll(async () => {
  town = await Town.open({ workers: 2, config: { rateLimits: 'off' } });
  owner = await town.person('owner');
  guest = await town.person('guest');
  places = [await guildOn(town, 0, owner), await guildOn(town, 1, owner)];
  for (const place of places) await town.join(owner, place, guest);
  bot = await town.bot('racer', places[0]!.id);
});
afterAll(async () => {
  await town?.[Symbol.asyncDispose]();
});

/** Says things one after the other while `during` runs; what was said, in order. */
async function talkDuring(channel: string, during: () => Promise<void>): Promise<string[]> {
  const said: string[] = [];
  let going = true;
  const talk = (async () => {
    while (going) said.push((await town.say(owner, channel, `${said.length}`)).id);
  })();
  try {
    await during();
  } finally {
    going = false;
    await talk;
  }
  said.push((await town.say(owner, channel, 'the end')).id);
  return said;
}

const heard = (gateway: RawGateway, channel: string): string[] =>
  gateway.all<APIMessage>('MESSAGE_CREATE').flatMap(({ id, channel_id }) => (channel_id === channel ? [id] : []));

const channelsOf = (guild: { readonly [field: string]: unknown } | undefined) =>
  (guild?.channels ?? []) as { readonly id: string; readonly last_message_id?: string | null }[];

const closeAll = (gateways: readonly RawGateway[]) => Promise.all(gateways.map((it) => it[Symbol.asyncDispose]()));

test.each([0, 1])('identify against events, guild at %d: each hears an unbroken end of what was said', async (slot) => {
  const { channel, id } = places[slot]!;
  const gateways: RawGateway[] = [];
  const said = await talkDuring(channel, async () => {
    for (let n = 0; n < SESSIONS; n += 1) {
      const base = town.worker(n % 2);
      gateways.push(await (n % 3 === 0 && slot === 0 ? town.run(bot, base) : town.visit(guest, base)));
    }
  });
  for (const gateway of gateways) {
    await gateway.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    const got = heard(gateway, channel);
    expect(got).toEqual(said.slice(said.length - got.length));
    // What came before is in the snapshot: its last message is the one before the first event.
    const guild = gateway.ready.guilds.find((it) => it.id === id);
    const whole = guild?.channels === undefined ? gateway.all<typeof guild>('GUILD_CREATE')[0] : guild;
    const shown = channelsOf(whole).find((it) => it.id === channel);
    if (got.length < said.length) expect(shown?.last_message_id).toBe(said[said.length - got.length - 1]!);
  }
  await closeAll(gateways);
});

test.each([0, 1])('join against events, guild at %d: hears an unbroken end of what was said', async (slot) => {
  const place = places[slot]!;
  const newcomers = await Promise.all(Array.from({ length: 4 }, () => town.person('newcomer')));
  const gateways = await Promise.all(newcomers.map((who, n) => town.visit(who, town.worker(n % 2))));
  const said = await talkDuring(place.channel, async () => {
    for (const who of newcomers) await town.join(owner, place, who);
    // A join is acknowledged before the session hears of it: what is said between is in its snapshot.
    for (const gateway of gateways) await gateway.dispatch('GUILD_CREATE', { id: place.id });
  });
  for (const gateway of gateways) {
    await gateway.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    const got = heard(gateway, place.channel);
    expect(got.length).toBeGreaterThan(0);
    expect(got).toEqual(said.slice(said.length - got.length));
    const order = gateway.dispatches.map(({ t }) => t);
    expect(order.indexOf('GUILD_CREATE')).toBeLessThan(order.indexOf('MESSAGE_CREATE'));
    expect(gateway.all('GUILD_CREATE')).toHaveLength(1);
  }
  await closeAll(gateways);
});

test.each([0, 1])(
  'leave against events, guild at %d: nothing after GUILD_DELETE, nothing missing before it',
  async (slot) => {
    const place = places[slot]!;
    const leavers = await Promise.all(Array.from({ length: 4 }, () => town.person('leaver')));
    await town.join(owner, place, ...leavers);
    const gateways = await Promise.all(leavers.map((who, n) => town.visit(who, town.worker(n % 2))));
    const said = await talkDuring(place.channel, async () => {
      for (const who of leavers) await town.rest(owner.token, 'DELETE', `/guilds/${place.id}/members/${who.id}`);
    });
    for (const gateway of gateways) {
      await gateway.dispatch('GUILD_DELETE', { id: place.id });
      const got = heard(gateway, place.channel);
      expect(got).toEqual(said.slice(0, got.length));
      expect(got.length).toBeLessThan(said.length);
      const after = gateway.dispatches.slice(gateway.dispatches.findIndex(({ t }) => t === 'GUILD_DELETE'));
      expect(after.filter(({ t }) => t === 'MESSAGE_CREATE')).toEqual([]);
    }
    await closeAll(gateways);
  },
);

test('identify against being thrown out: who is out hears nothing more', async () => {
  const place = places[1]!;
  const victims = await Promise.all(Array.from({ length: 6 }, () => town.person('victim')));
  await town.join(owner, place, ...victims);
  const visits = victims.map((who, n) => town.visit(who, town.worker(n % 2)));
  await Promise.all(victims.map(({ id }) => town.rest(owner.token, 'DELETE', `/guilds/${place.id}/members/${id}`)));
  const secret = await town.say(owner, place.channel, 'without them');
  const gateways = await Promise.all(visits);
  for (const [n, gateway] of gateways.entries()) {
    // A barrier through his own user actor and through a guild of his own: all that was owed before has come.
    const own = await town.guild(victims[n]!);
    await gateway.dispatch('GUILD_CREATE', { id: own.id });
    expect(heard(gateway, place.channel)).not.toContain(secret.id);
    const listed = gateway.ready.guilds.some(({ id }) => id === place.id);
    if (listed) await gateway.dispatch('GUILD_DELETE', { id: place.id });
  }
  await closeAll(gateways);
});

test.each([0, 1])('a role opens and closes a channel under fire, guild at %d', async (slot) => {
  const place = places[slot]!;
  const role = await town.rest<APIRole>(owner.token, 'POST', `/guilds/${place.id}/roles`, { name: 'key' });
  const den = await town.rest<APIChannel>(owner.token, 'POST', `/guilds/${place.id}/channels`, {
    name: 'den',
    type: 0,
    permission_overwrites: [
      { id: place.id, type: 0, deny: VIEW_CHANNEL, allow: '0' },
      { id: role.id, type: 0, allow: VIEW_CHANNEL, deny: '0' },
    ],
  });
  const gateways = [await town.visit(guest, town.worker(0)), await town.visit(guest, town.worker(1))];
  const path = `/guilds/${place.id}/members/${guest.id}/roles/${role.id}`;
  const said = await talkDuring(den.id, async () => {
    for (let n = 0; n < 5; n += 1) {
      await town.rest(owner.token, 'PUT', path);
      if (n === 2) gateways.push(await town.visit(guest, town.worker(1)));
      await town.rest(owner.token, 'DELETE', path);
    }
    await town.rest(owner.token, 'PUT', path);
  });
  for (const gateway of gateways) {
    await gateway.dispatch('MESSAGE_CREATE', { id: said.at(-1) });
    expectOpenAndShut(gateway, place.id, den.id, said);
  }
  await town.rest(owner.token, 'DELETE', path);
  await closeAll(gateways);
});

/** Messages only between CHANNEL_CREATE and CHANNEL_DELETE, and each opening hears an unbroken run. */
function expectOpenAndShut(gateway: RawGateway, guild: string, den: string, said: readonly string[]): void {
  const ready = gateway.ready.guilds.find(({ id }) => id === guild);
  let open = channelsOf(ready).some(({ id }) => id === den);
  let next: number | null = null;
  for (const { t, d } of gateway.dispatches) {
    const { id, channel_id } = d as { id?: string; channel_id?: string };
    if (t === 'CHANNEL_CREATE' && id === den) {
      expect(open).toBe(false);
      open = true;
      next = null;
    } else if (t === 'CHANNEL_DELETE' && id === den) {
      expect(open).toBe(true);
      open = false;
    } else if (t === 'MESSAGE_CREATE' && channel_id === den) {
      expect(open).toBe(true);
      const at = said.indexOf(id ?? '');
      if (next !== null) expect(at).toBe(next);
      next = at + 1;
    }
  }
  expect(open).toBe(true);
}

test.each([0, 1])(
  'the worker of the guild dies under fire, guild at %d: acknowledged means delivered, once',
  async (slot) => {
    const place = places[slot]!;
    // Sockets at the other worker: theirs live on.
    const base = town.worker(1 - slot);
    const gateway = await town.visit(guest, base);
    const kept: string[] = [];
    let going = true;
    const talk = (async () => {
      for (let n = 0; going; n += 1) {
        const path = `/channels/${place.channel}/messages`;
        const body = { content: `fire ${slot} ${n}`, nonce: `fire-${slot}-${n}` };
        const sent = await town.rest<APIMessage>(owner.token, 'POST', path, body, { base }).catch(() => null);
        if (sent !== null) kept.push(sent.id);
      }
    })();
    await town.killWorker(slot);
    going = false;
    await talk;
    expect(kept.length).toBeGreaterThan(0);
    kept.push((await town.say(owner, place.channel, 'after the fire')).id);
    await gateway.dispatch('MESSAGE_CREATE', { id: kept.at(-1) }, { ms: 20_000 });
    const got = heard(gateway, place.channel);
    expect(got).toEqual([...new Set(got)]);
    expect(kept.filter((id) => !got.includes(id))).toEqual([]);
    await gateway[Symbol.asyncDispose]();
  },
);
