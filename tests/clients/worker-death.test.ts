/** The worker of an unmodified client's socket dies: the client finds its way back by itself and hears what comes. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { CutProxy } from '../support/cut-proxy.ts';
import { LineClient } from '../support/line-client.ts';
import { guildOn } from '../support/placed.ts';
import { Town } from '../support/town.ts';

const VICTIM = 1;
const BACK_MS = 40_000;

test('discord.js, its guild there too', async () => {
  await using town = await Town.open();
  const owner = await town.person('owner');
  const place = await guildOn(town, VICTIM, owner);
  const bot = await town.bot('clerk', place.id);
  const port = Number(new URL(town.worker(VICTIM)).port);
  await using proxy = await CutProxy.open(port);
  const path = join(import.meta.dir, 'scripts', 'discordjs.mjs');
  await using client = LineClient.start('node', [path], { GUILDHALL_URL: proxy.url, GUILDHALL_TOKEN: bot.token });
  await client.until('ready', () => true, { ms: 20_000 });
  const before = await town.say(owner, place.channel, 'before');
  await client.until('message', ({ id }) => id === before.id);
  // From now on it comes in by the door of all workers, as it would without this proxy.
  proxy.aim(town.port);
  const from = client.events.mark;
  await town.killWorker(VICTIM);
  await client.until('identified', () => true, { from, ms: BACK_MS });
  // Until its GUILD_CREATE a guild is unavailable: what is said in it meanwhile is history.
  await client.until('guild', ({ id }) => id === place.id, { from, ms: BACK_MS });
  const after = await town.say(owner, place.channel, 'after');
  await client.until('message', ({ id }) => id === after.id, { from, ms: BACK_MS });
  const said = await client.ask<string>('send', { channel: place.channel, content: 'here again' });
  await client.until('message', ({ id }) => id === said, { from });
  const heard = client.all('message').map(({ id }) => id);
  expect(heard).toEqual([before.id, after.id, said]);
  expect(client.all('failure')).toEqual([]);
}, 90_000);
