/** Who joins, is shown and hidden channels, and leaves: on every combination of socket's worker, guild's worker and user's worker. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { APIChannel, APIMessage } from 'discord-api-types/v10';
import { guildOn, personOn } from '../support/placed.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Person, type Place, Town } from '../support/town.ts';

const SLOTS = [0, 1] as const;
const VIEW_CHANNEL = '1024';
const BAN_MEMBERS = '4';

let town: Town;
let owner: Person;
const places: Place[] = [];
const guests: Person[] = [];

beforeAll(async () => {
  town = await Town.open({ workers: 2 });
  owner = await town.person('owner');
  for (const slot of SLOTS) {
    places[slot] = await guildOn(town, slot, owner);
    guests[slot] = await personOn(town, slot, 'guest');
  }
});
afterAll(async () => {
  await town?.[Symbol.asyncDispose]();
});

for (const socket of SLOTS) {
  for (const guild of SLOTS) {
    for (const user of SLOTS) {
      test(`socket at ${socket}, guild at ${guild}, user at ${user}`, () => personsLife(socket, guild, user));
    }
  }
}

test('bans are told to those who may ban, from the moment they may until they may no more', async () => {
  const place = await guildOn(town, 0, owner);
  const [warden, member, culprit] = [
    await town.person('warden'),
    await town.person('member'),
    await town.person('culprit'),
  ];
  await town.join(owner, place, warden, member, culprit);
  const path = `/guilds/${place.id}`;
  const patch = { name: 'wardens', permissions: BAN_MEMBERS };
  const role = await town.rest<{ id: string }>(owner.token, 'POST', `${path}/roles`, patch);
  await using atOwner = await town.visit(owner, town.worker(0));
  await using atWarden = await town.visit(warden, town.worker(1));
  await using atMember = await town.visit(member, town.worker(1));
  const all = [atOwner, atWarden, atMember];
  const withRole = `${path}/members/${warden.id}/roles/${role.id}`;
  const ban = (method: 'PUT' | 'DELETE') =>
    town.rest(owner.token, method, `${path}/bans/${culprit.id}`, method === 'PUT' ? {} : undefined);

  await town.rest(owner.token, 'PUT', withRole);
  await ban('PUT');
  await town.rest(owner.token, 'DELETE', withRole);
  await ban('DELETE');
  await town.say(owner, place.channel, 'the end');
  for (const gateway of all) await gateway.dispatch('MESSAGE_CREATE', { content: 'the end' });
  const told = all.map(({ dispatches }) =>
    dispatches.map(({ t }) => t).filter((t) => /^(GUILD_BAN|CHANNEL)/.test(t ?? '')),
  );
  expect(told).toEqual([['GUILD_BAN_ADD', 'GUILD_BAN_REMOVE'], ['GUILD_BAN_ADD'], []]);
});

async function personsLife(socket: number, guild: number, user: number): Promise<void> {
  const [place, guest] = [places[guild]!, guests[user]!];
  const far = town.worker(1 - socket);
  await using gateway = await town.visit(guest, town.worker(socket));
  await town.join(owner, place, guest);
  await gateway.dispatch('GUILD_CREATE', { id: place.id });
  const path = `/channels/${place.channel}/messages`;
  const said = await town.rest<APIMessage>(owner.token, 'POST', path, { content: 'hello' }, { base: far });
  const heard = await gateway.dispatch<APIMessage>('MESSAGE_CREATE', { id: said.id });
  expect(heard).toMatchObject({ content: 'hello', guild_id: place.id, member: { roles: [] } });

  await hideAndSeek(gateway, place);

  await town.rest(guest.token, 'DELETE', `/users/@me/guilds/${place.id}`);
  await gateway.dispatch('GUILD_DELETE', { id: place.id });
  const from = gateway.frames.mark;
  await town.say(owner, place.channel, 'behind his back');
  await town.join(owner, place, guest);
  await gateway.dispatch('GUILD_CREATE', { id: place.id }, { from });
  expect(gateway.all<APIMessage>('MESSAGE_CREATE').map(({ content }) => content)).not.toContain('behind his back');
  await town.rest(owner.token, 'DELETE', `/guilds/${place.id}/members/${guest.id}`);
  await gateway.dispatch('GUILD_DELETE', { id: place.id }, { from });
}

/** A channel of the guild is made, hidden from everybody but the owner, and shown again. */
async function hideAndSeek(gateway: RawGateway, place: Place): Promise<void> {
  const channel = await town.rest<APIChannel>(owner.token, 'POST', `/guilds/${place.id}/channels`, {
    name: 'den',
    type: 0,
  });
  await gateway.dispatch('CHANNEL_CREATE', { id: channel.id });
  const everyone = `/channels/${channel.id}/permissions/${place.id}`;
  await town.say(owner, channel.id, 'seen');
  await town.rest(owner.token, 'PUT', everyone, { type: 0, deny: VIEW_CHANNEL, allow: '0' });
  await town.say(owner, channel.id, 'secret');
  await town.rest(owner.token, 'PUT', everyone, { type: 0, deny: '0', allow: '0' });
  await town.say(owner, channel.id, 'seen again');
  await gateway.dispatch('MESSAGE_CREATE', { content: 'seen again', channel_id: channel.id });
  const story = gateway.dispatches
    .map(({ t, d }) => [t, d as { id?: string; channel_id?: string; content?: string }] as const)
    .filter(([, d]) => d.id === channel.id || d.channel_id === channel.id)
    .filter(([t]) => t !== 'CHANNEL_UPDATE')
    .map(([t, d]) => d.content ?? t);
  expect(story).toEqual(['CHANNEL_CREATE', 'seen', 'CHANNEL_DELETE', 'CHANNEL_CREATE', 'seen again']);
  await town.rest(owner.token, 'DELETE', `/channels/${channel.id}`);
  await gateway.dispatch('CHANNEL_DELETE', { id: channel.id });
}
