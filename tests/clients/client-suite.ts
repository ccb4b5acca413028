/** One day in the life of a bot, the same for every library: what it is told, what it does, and a cut connection. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { APIChannel, APIMessage, APIRole } from 'discord-api-types/v10';
import { CutProxy } from '../support/cut-proxy.ts';
import { LineClient } from '../support/line-client.ts';
import type { RawGateway } from '../support/raw-gateway.ts';
import { type Bot, type Person, type Place, Town } from '../support/town.ts';

export interface ClientUnderTest {
  readonly name: string;
  /** Program that runs the script: `node`, or a Python. */
  readonly program: string;
  /** In tests/clients/scripts/. */
  readonly script: string;
  /** Another server than this process's own. */
  readonly open?: () => Promise<Town>;
}

/** Of the client's `ready`. */
interface SeenGuild {
  readonly id: string;
  readonly name: string;
  readonly available: boolean;
  readonly channels: readonly string[];
  readonly roles: readonly string[];
  readonly members: number;
  readonly owner: string;
}

const MISSED = 20;
const CUT_MS = 40_000;
const HEART = '\u2764\ufe0f';

const idsOf = (things: readonly { readonly id: string }[]): string[] => things.map(({ id }) => id).sort();

class Day implements AsyncDisposable {
  private constructor(
    readonly town: Town,
    readonly proxy: CutProxy,
    readonly owner: Person,
    readonly guest: Person,
    readonly place: Place,
    readonly bot: Bot,
    readonly client: LineClient,
    /** The owner's own session: what others see of the bot. */
    readonly witness: RawGateway,
  ) {}

  static async begin({ program, script, open }: ClientUnderTest): Promise<Day> {
    const town = await (open?.() ?? Town.open({ workers: 2 }));
    const owner = await town.person('owner');
    const guest = await town.person('guest');
    const place = await town.guild(owner, 'The House');
    await town.rest(owner.token, 'POST', `/guilds/${place.id}/channels`, { name: 'second', type: 0 });
    await town.rest(owner.token, 'POST', `/guilds/${place.id}/roles`, { name: 'Friends', color: 0x336699 });
    await town.join(owner, place, guest);
    const bot = await town.bot('clerk', place.id);
    const witness = await town.visit(owner);
    const proxy = await CutProxy.open(town.port);
    const path = join(import.meta.dir, 'scripts', script);
    const client = LineClient.start(program, [path], { GUILDHALL_URL: proxy.url, GUILDHALL_TOKEN: bot.token });
    return new Day(town, proxy, owner, guest, place, bot, client, witness);
  }

  say(content: string, who: Person = this.owner): Promise<APIMessage> {
    return this.town.say(who, this.place.channel, content);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client[Symbol.asyncDispose]();
    await this.witness[Symbol.asyncDispose]();
    await this.proxy[Symbol.asyncDispose]();
    await this.town[Symbol.asyncDispose]();
  }
}

/** Declares the tests. They build on each other: one login, as a bot has it. */
export function clientSuite(under: ClientUnderTest): void {
  describe(under.name, () => {
    let day: Day;

    beforeAll(async () => {
      day = await Day.begin(under);
    });
    afterAll(async () => {
      await day?.[Symbol.asyncDispose]();
    });

    test('runs outside of this process', async () => {
      const { bun } = await day.client.until('started');
      expect(bun).toBe(false);
    });

    test('logs in and sees its guild available, whole and counted', () => loggedIn(day));
    test('receives a message and answers', () => answers(day));
    test('edits its message', () => edits(day));
    test('deletes its message', () => deletes(day));
    test('hears of edits and deletions', () => hearsChanges(day));
    test('reacts, and hears of reactions', () => reacts(day));
    test('fetches all members', () => fetchesMembers(day));
    test('writes to a person, and receives the answer', () => writesDm(day));
    test('uploads a file and downloads the same bytes', () => carriesFiles(day));
    test('registers commands and lists them', () => registersCommands(day));
    test('misses nothing and repeats nothing across an abrupt cut', () => survivesCut(day), CUT_MS + 20_000);
    test('misses nothing when it is cut again and again', () => survivesCuts(day), CUT_MS * 2);
    test('saw nothing go wrong', () => {
      expect(day.client.all('failure')).toEqual([]);
    });
  });
}

async function loggedIn({ town, owner, place, bot, client }: Day): Promise<void> {
  const ready = await client.until('ready', () => true, { ms: 20_000 });
  const channels = await town.rest<APIChannel[]>(owner.token, 'GET', `/guilds/${place.id}/channels`);
  const roles = await town.rest<APIRole[]>(owner.token, 'GET', `/guilds/${place.id}/roles`);
  expect(ready.user).toBe(bot.id);
  expect(String(ready.application)).toMatch(/^\d{17,19}$/);
  const [seen, ...more] = ready.guilds as SeenGuild[];
  expect(more).toEqual([]);
  expect(seen).toMatchObject({ id: place.id, name: place.name, available: true, members: 3, owner: owner.id });
  expect([...seen!.channels].sort()).toEqual(idsOf(channels));
  expect([...seen!.roles].sort()).toEqual(idsOf(roles));
  expect(seen!.roles.length).toBeGreaterThan(1);
}

async function answers({ client, witness, town, owner, bot, place }: Day): Promise<void> {
  const from = witness.frames.mark;
  const asked = await town.say(owner, place.channel, '!ping');
  const seen = await client.until('message', ({ id }) => id === asked.id);
  expect(seen).toMatchObject({ content: '!ping', author: owner.id, channel: place.channel });
  const answer = await witness.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'pong' }, { from });
  expect(answer.author).toMatchObject({ id: bot.id, bot: true });
  expect(BigInt(answer.id)).toBeGreaterThan(BigInt(asked.id));
}

async function edits({ client, witness, place: { channel } }: Day): Promise<void> {
  const id = await client.ask<string>('send', { channel, content: 'first words' });
  await witness.dispatch('MESSAGE_CREATE', { id, content: 'first words' });
  expect(await client.ask<string>('edit', { channel, id, content: 'second thoughts' })).toBe('second thoughts');
  const edited = await witness.dispatch<APIMessage>('MESSAGE_UPDATE', { id, content: 'second thoughts' });
  expect(edited.edited_timestamp).not.toBeNull();
}

async function deletes({ client, witness, town, owner, place: { channel } }: Day): Promise<void> {
  const id = await client.ask<string>('send', { channel, content: 'soon gone' });
  await client.ask('remove', { channel, id });
  await witness.dispatch('MESSAGE_DELETE', { id, channel_id: channel });
  const gone = town.rest(owner.token, 'GET', `/channels/${channel}/messages/${id}`);
  await expect(gone).rejects.toMatchObject({ status: 404, code: 10008 });
}

async function hearsChanges({ client, town, owner, place: { channel } }: Day): Promise<void> {
  const { id } = await town.say(owner, channel, 'of two minds');
  await client.until('message', (it) => it.id === id);
  await town.rest(owner.token, 'PATCH', `/channels/${channel}/messages/${id}`, { content: 'of one mind' });
  expect(await client.until('edited', (it) => it.id === id)).toMatchObject({ content: 'of one mind' });
  await town.rest(owner.token, 'DELETE', `/channels/${channel}/messages/${id}`);
  await client.until('deleted', (it) => it.id === id);
}

async function reacts({ client, witness, town, owner, guest, bot, place: { channel } }: Day): Promise<void> {
  const { id } = await town.say(owner, channel, 'like it?');
  await client.ask('react', { channel, id, emoji: HEART });
  await witness.dispatch('MESSAGE_REACTION_ADD', { message_id: id, user_id: bot.id });
  const path = `/channels/${channel}/messages/${id}/reactions/${encodeURIComponent(HEART)}`;
  await town.rest(guest.token, 'PUT', `${path}/@me`);
  const heard = await client.until('reaction', (it) => it.id === id && it.user === guest.id);
  expect(heard.emoji).toBe(HEART);
  expect(idsOf(await town.rest<{ id: string }[]>(owner.token, 'GET', path))).toEqual([bot.id, guest.id].sort());
}

async function fetchesMembers({ client, owner, guest, bot, place }: Day): Promise<void> {
  const members = await client.ask<string[]>('members', { guild: place.id });
  expect(members.map(String).sort()).toEqual([owner.id, guest.id, bot.id].sort());
}

async function writesDm({ client, witness, town, owner, bot }: Day): Promise<void> {
  const sent = await client.ask<{ channel: string; id: string }>('dm', {
    user: owner.id,
    content: 'a word in private',
  });
  const got = await witness.dispatch<APIMessage>('MESSAGE_CREATE', { id: String(sent.id) });
  expect(got).toMatchObject({ content: 'a word in private', channel_id: String(sent.channel) });
  expect(got.author.id).toBe(bot.id);
  const answer = await town.say(owner, String(sent.channel), 'heard');
  expect(await client.until('message', (it) => it.id === answer.id)).toMatchObject({ content: 'heard' });
}

async function carriesFiles({ client, witness, place: { channel } }: Day): Promise<void> {
  const bytes = randomBytes(100_000).toString('base64');
  const sent = await client.ask<{ id: string; url: string }>('upload', { channel, name: 'noise.bin', bytes });
  expect(await client.ask<string>('download', { url: sent.url })).toBe(bytes);
  const { attachments } = await witness.dispatch<APIMessage>('MESSAGE_CREATE', { id: String(sent.id) });
  expect(attachments).toMatchObject([{ filename: 'noise.bin', size: 100_000 }]);
  const seen = await fetch(attachments[0]!.url);
  expect(Buffer.from(await seen.arrayBuffer()).toString('base64')).toBe(bytes);
}

async function registersCommands({ client, place }: Day): Promise<void> {
  const everywhere = ['ping', 'roll'];
  expect((await client.ask<string[]>('setCommands', { names: everywhere })).sort()).toEqual(everywhere);
  expect((await client.ask<string[]>('listCommands')).sort()).toEqual(everywhere);
  const here = { guild: place.id, names: ['house'] };
  expect(await client.ask<string[]>('setCommands', here)).toEqual(['house']);
  expect(await client.ask<string[]>('setCommands', { ...here, names: ['garden'] })).toEqual(['garden']);
  expect(await client.ask<string[]>('listCommands', { guild: place.id })).toEqual(['garden']);
  expect((await client.ask<string[]>('listCommands')).sort()).toEqual(everywhere);
}

/** Contents of the guild channel from `from` on, by others than the bot, as the client got them. */
function heardFrom({ client, place, bot }: Day, from: number): string[] {
  return client.events.items
    .slice(from)
    .filter((it) => it.event === 'message' && it.channel === place.channel && it.author !== bot.id)
    .map((it) => String(it.content));
}

async function survivesCut(day: Day): Promise<void> {
  const { client, proxy } = day;
  const from = client.events.mark;
  const identified = client.all('identified').length;
  const contents = Array.from({ length: MISSED }, (_, n) => `cut ${n}`);
  const [before, away, late] = [contents.slice(0, 5), contents.slice(5, 15), contents.slice(15)];
  for (const content of before) await day.say(content);
  // The last of these may still be on its way when the line breaks.
  proxy.cut();
  for (const content of away) await day.say(content);
  await proxy.returned(CUT_MS);
  proxy.letThrough();
  for (const content of late) await day.say(content);
  await client.until('resumed', () => true, { from, ms: CUT_MS });
  await client.until('message', (it) => it.content === contents.at(-1), { from, ms: CUT_MS });
  expect(heardFrom(day, from)).toEqual(contents);
  expect(client.all('identified').length).toBe(identified);
  expect(client.events.items.slice(from).filter((it) => it.event === 'resumed')).toHaveLength(1);
}

async function survivesCuts(day: Day): Promise<void> {
  const { client, proxy } = day;
  const start = client.events.mark;
  const identified = client.all('identified').length;
  const contents: string[] = [];
  for (let round = 0; round < 3; round += 1) {
    const from = client.events.mark;
    proxy.cut();
    const content = `round ${round}`;
    contents.push(content);
    await day.say(content);
    await proxy.returned(CUT_MS);
    proxy.letThrough();
    await client.until('message', (it) => it.content === content, { from, ms: CUT_MS });
    await client.until('resumed', () => true, { from, ms: CUT_MS });
  }
  await day.say('!ping');
  contents.push('!ping');
  await client.until('message', (it) => it.content === 'pong', { from: start });
  expect(heardFrom(day, start)).toEqual(contents);
  expect(client.all('identified').length).toBe(identified);
}
