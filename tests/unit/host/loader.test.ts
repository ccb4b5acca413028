/** Real rules in real actors over the memory store: what one load stored, the next one knows and tells. */
import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import { WorkerDirectory } from '../../../src/actor/worker-directory.ts';
import { openOwner } from '../../../src/host/loader.ts';
import { openNeeds } from '../../../src/host/needs.ts';
import { isVolatile } from '../../../src/host/volatile.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { By, Command, MessageDraft, Question } from '../../../src/protocol/commands.ts';
import type { Reply } from '../../../src/protocol/decision.ts';
import type { AnswerEntry, AttachAsk, OutletEntry } from '../../../src/protocol/envelope.ts';
import { guildKey, nameKey, type OwnerKey, pairKey, userKey } from '../../../src/protocol/ids.ts';
import { Mint } from '../../../src/protocol/snowflake.ts';
import { gatherSingles } from '../../../src/store/gathered.ts';
import { MemoryData, MemoryStore } from '../../../src/store/memory/store.ts';
import { GATHERED } from '../../../src/worker-limits.ts';
import { FakeClock } from '../actor/fake-clock.ts';
import { attachAsk, nextName } from '../actor/fake-world.ts';
import { publicUser, userRecord } from '../user/fixtures.ts';

const ADA = '200000000000000001';
const BOB = '200000000000000002';
const GUILD = '300000000000000001';
const PRESENCE = { status: 'online', activities: '[]', afk: false, since: null, client: 'web' } as const;
const by = (id: string): By => ({ id, self: publicUser(id), reason: null });

const draft = (content: string, more: Partial<MessageDraft> = {}): MessageDraft => ({
  content,
  nonce: null,
  enforceNonce: false,
  tts: false,
  embeds: [],
  attachments: [],
  allowed_mentions: null,
  reference: null,
  components: [],
  flags: 0,
  ...more,
});

/** One worker on a store that outlives it. */
class House {
  readonly clock = new FakeClock();
  readonly outlet: OutletEntry[] = [];
  readonly deaths: unknown[] = [];
  readonly store: MemoryStore;
  readonly directory: WorkerDirectory;
  readonly #mint = new Mint(1);

  constructor(readonly data = new MemoryData()) {
    const { clock } = this;
    const store = new MemoryStore({ clock, data });
    this.store = store;
    this.directory = new WorkerDirectory({
      self: '0.1',
      slots: 1,
      clock,
      limits: LIMITS,
      store,
      log: (what, fields) => void this.deaths.push([what, fields]),
      mint: (now, after) => this.#mint.next(now, after),
      open: (key) => openOwner(store, key, LIMITS, clock.now),
      load: openNeeds(store, gatherSingles(store, clock, GATHERED), clock),
      isVolatile,
      outlet: (entry) => void this.outlet.push(entry),
      residence: () => {},
      control: async () => {},
      serveRead: async () => ({ json: null, reacted: [], named: [] }),
      measure: () => [],
      health: async () => ({ slot: 0, status: 'ok', ms: 0 }),
    });
  }

  async ask(to: OwnerKey, command: Command, commandId = nextName()): Promise<Reply> {
    const asked = this.directory.ask(to, command, { commandId, deadline: this.clock.now() + 10_000, rate: null });
    await this.clock.settle();
    return (await asked).reply;
  }

  async ok<T>(to: OwnerKey, command: Command): Promise<T> {
    const reply = await this.ask(to, command);
    if ('ok' in reply) return reply.ok as T;
    throw new Error(`${command.kind} refused: ${reply.refused}`);
  }

  async read<T>(to: OwnerKey, question: Question): Promise<T> {
    const read = this.directory.read(to, question, { deadline: this.clock.now() + 1000, rate: null });
    await this.clock.settle();
    return ((await read).reply as { readonly ok: T }).ok;
  }

  async attach(to: OwnerKey, ask: Partial<AttachAsk>): Promise<AnswerEntry & { readonly seq: number }> {
    this.directory.interest(to, { kind: 'attach', ask: attachAsk(ask) });
    await this.clock.settle();
    const last = this.outlet.at(-1);
    if (last?.what !== 'relay' || last.relay.entry.kind !== 'answer') throw new Error('no answer');
    return { ...last.relay.entry, seq: last.relay.seq };
  }

  /** The presences that guilds have told. */
  seen(): string[] {
    return this.outlet.flatMap((entry) => {
      if (entry.what !== 'relay' || entry.relay.entry.kind !== 'event') return [];
      const { body } = entry.relay.entry;
      return body.t === 'PRESENCE_UPDATE' ? [JSON.parse(body.d).status as string] : [];
    });
  }

  /** The process is gone; what was stored is there. */
  again(): House {
    this.directory.close();
    return new House(this.data);
  }
}

interface Made {
  readonly id: string;
  readonly channels: readonly { readonly id: string; readonly type: number }[];
}

async function town(): Promise<{ house: House; text: string }> {
  const house = new House();
  for (const id of [ADA, BOB]) {
    const user = publicUser(id);
    await house.ok(nameKey(user.username), {
      kind: 'createAccount',
      user: userRecord(user),
      token: null,
      application: null,
    });
  }
  await house.ok<Made>(guildKey(GUILD), { kind: 'createGuild', by: by(ADA), id: GUILD, name: 'G', icon: null });
  await house.ok(guildKey(GUILD), { kind: 'addMember', by: by(ADA), user: publicUser(BOB) });
  const channels = await house.read<Made['channels']>(guildKey(GUILD), { ask: 'channels', by: ADA });
  return { house, text: channels.find(({ type }) => type === 0)?.id ?? '' };
}

describe('what one load stored', () => {
  test('the next knows: account, guild, membership on both sides', async () => {
    const { house, text } = await town();
    const next = house.again();
    const list = await next.read<readonly string[]>(userKey(BOB), { ask: 'guildList' });
    expect(JSON.stringify(list)).toContain(GUILD);
    const sent = await next.ok<{ content: string }>(guildKey(GUILD), {
      kind: 'createMessage',
      by: by(BOB),
      channelId: text,
      draft: draft('hi'),
    });
    expect(sent.content).toBe('hi');
    expect(house.deaths.concat(next.deaths)).toEqual([]);
  });

  test('the next tells who missed it: created, changed and deleted messages in their present form', async () => {
    const { house, text } = await town();
    const key = guildKey(GUILD);
    const first = await house.attach(key, { user: BOB });
    expect(first.create?.t).toBe('GUILD_CREATE');
    const send = (content: string) =>
      house.ok<{ id: string }>(key, { kind: 'createMessage', by: by(ADA), channelId: text, draft: draft(content) });
    const [kept, gone] = [await send('one'), await send('two')];
    await house.ok(key, {
      kind: 'editMessage',
      by: by(ADA),
      channelId: text,
      messageId: kept.id,
      patch: { content: 'changed' },
    });
    await house.ok(key, { kind: 'deleteMessage', by: by(ADA), channelId: text, messageId: gone.id });
    await house.ok(key, { kind: 'typing', by: by(ADA), channelId: text });
    const next = house.again();
    const held = { topics: first.topics, mask: first.mask };
    const answer = await next.attach(key, { user: BOB, since: first.seq, held });
    const told = answer.missed?.map(({ t, d }) => [t, JSON.parse(d).content ?? JSON.parse(d).id]);
    expect(told).toEqual([
      ['MESSAGE_CREATE', 'changed'],
      ['MESSAGE_UPDATE', 'changed'],
      ['MESSAGE_DELETE', gone.id],
    ]);
    expect(answer.create?.t).toBe('GUILD_CREATE');
  });

  test('a session that is one load behind a trimmed journal goes on exactly as far as the journal reaches', async () => {
    const { house, text } = await town();
    const key = guildKey(GUILD);
    const first = await house.attach(key, { user: BOB });
    const send = () => house.ok(key, { kind: 'createMessage', by: by(ADA), channelId: text, draft: draft('x') });
    await send();
    const second = await house.attach(key, { user: BOB });
    await house.clock.advance(20 * 60_000);
    await send();
    const next = house.again();
    const held = { topics: first.topics, mask: first.mask };
    expect((await next.attach(key, { user: BOB, since: second.seq, held })).missed?.length).toBe(1);
    expect((await next.attach(key, { user: BOB, since: first.seq, held })).missed).toBeNull();
  });

  test('who has lost a channel does not go on across that when a message there has changed since: it would be told in its new words', async () => {
    const { house, text } = await town();
    const key = guildKey(GUILD);
    const command = { by: by(ADA), channelId: text } as const;
    const before = await house.attach(key, { user: BOB });
    const { id: messageId } = await house.ok<{ id: string }>(key, {
      kind: 'createMessage',
      ...command,
      draft: draft('for all'),
    });
    const overwrite = { id: BOB, type: 1, allow: '0', deny: String(P.ViewChannel) } as const;
    await house.ok(key, { kind: 'putOverwrite', ...command, overwrite });
    const behind = await house.attach(key, { user: BOB });
    await house.ok(key, { kind: 'editMessage', ...command, messageId, patch: { content: 'not for Bob' } });
    const next = house.again();
    const held = { topics: before.topics, mask: before.mask };
    expect((await next.attach(key, { user: BOB, since: before.seq, held })).missed).toBeNull();
    const later = { topics: behind.topics, mask: behind.mask };
    expect((await next.attach(key, { user: BOB, since: behind.seq, held: later })).missed).toEqual([]);
  });

  test('a repeated command id, and a repeated nonce, make one message', async () => {
    const { house, text } = await town();
    const key = guildKey(GUILD);
    const command: Command = {
      kind: 'createMessage',
      by: by(ADA),
      channelId: text,
      draft: draft('n', { nonce: '5', enforceNonce: true }),
    };
    const ids: unknown[] = [];
    const idOf = (reply: Reply) => ('ok' in reply ? (reply.ok as { id: string }).id : reply);
    ids.push(idOf(await house.ask(key, command)), idOf(await house.ask(key, command)));
    const next = house.again();
    ids.push(idOf(await next.ask(key, { ...command })));
    expect(new Set(ids).size).toBe(1);
    expect(
      (await next.store.page({ channelId: text, before: null, after: null, around: null, limit: 10 })).length,
    ).toBe(1);
  });
});

describe('what one owner tells another', () => {
  test('a join reaches the sessions of the user; a leave takes the guild from his list', async () => {
    const { house } = await town();
    const attached = await house.attach(userKey(BOB), { user: BOB });
    expect(attached.guilds?.map(([guild]) => guild)).toEqual([guildKey(GUILD)]);
    expect(attached.create?.t).toBe('INTERNAL_USER');
    house.outlet.length = 0;
    await house.ok(guildKey('300000000000000002'), {
      kind: 'createGuild',
      by: by(BOB),
      id: '300000000000000002',
      name: 'H',
      icon: null,
    });
    await house.clock.settle();
    const joined = house.outlet.flatMap((entry) =>
      entry.what === 'relay' && entry.relay.entry.kind === 'joined' ? [entry.relay.entry.guild] : [],
    );
    expect(joined).toEqual(['g:300000000000000002']);
    await house.ok(guildKey(GUILD), { kind: 'removeMember', by: by(BOB), userId: BOB });
    await house.clock.settle();
    const again = await house.attach(userKey(BOB), { user: BOB });
    expect(again.guilds?.map(([guild]) => guild)).toEqual(['g:300000000000000002']);
  });

  test('a DM reaches both users once, also when the hearer was down', async () => {
    const { house } = await town();
    const key = pairKey(ADA, BOB);
    const channel = await house.ok<{ id: string }>(key, { kind: 'openDm', by: by(ADA), with: publicUser(BOB) });
    await house.ok(key, { kind: 'createMessage', by: by(ADA), channelId: channel.id, draft: draft('psst') });
    await house.clock.settle();
    await house.clock.advance(LIMITS.retellMinMs * 2);
    expect(await house.store.tells(key)).toEqual([]);
    const answer = await house.attach(userKey(BOB), { user: BOB });
    expect(JSON.parse(answer.create?.d ?? '{}').dms.map(({ id }: { id: string }) => id)).toEqual([channel.id]);
    expect(house.deaths).toEqual([]);
  });

  test('a voice state is taken once from each session: what a moderator did since then stays', async () => {
    const { house } = await town();
    const channels = await house.read<Made['channels']>(guildKey(GUILD), { ask: 'channels', by: ADA });
    const hall = channels.find(({ type }) => type === 2)?.id ?? '';
    const voice = { channelId: hall, selfMute: false, selfDeaf: false, selfVideo: false };
    const ask = { user: BOB, session: 'talks', carried: { presence: null, voice } };
    expect((await house.attach(guildKey(GUILD), ask)).voice).toEqual(voice);
    const patch = { channel_id: null };
    await house.ok(guildKey(GUILD), { kind: 'updateMember', by: by(ADA), userId: BOB, patch });
    expect((await house.attach(guildKey(GUILD), { ...ask, ask: 2 })).voice).toBe(null);
  });

  test('a voice state is taken from a session that brings it late: its first attach left before it had heard of it', async () => {
    const { house } = await town();
    const channels = await house.read<Made['channels']>(guildKey(GUILD), { ask: 'channels', by: ADA });
    const hall = channels.find(({ type }) => type === 2)?.id ?? '';
    const voice = { channelId: hall, selfMute: false, selfDeaf: false, selfVideo: false };
    const bringing = (carried: typeof voice | null) => ({ user: BOB, carried: { presence: null, voice: carried } });
    expect((await house.attach(guildKey(GUILD), bringing(null))).voice).toBe(null);
    expect((await house.attach(guildKey(GUILD), { ...bringing(voice), ask: 2 })).voice).toEqual(voice);
  });

  test('a voice state ends with its session, and is heard of none that has not attached to the load', async () => {
    const { house } = await town();
    const guild = guildKey(GUILD);
    const channels = await house.read<Made['channels']>(guild, { ask: 'channels', by: ADA });
    const channelId = channels.find(({ type }) => type === 2)?.id ?? '';
    const self = { selfMute: false, selfDeaf: false, selfVideo: false };
    const there = () => house.read(guild, { ask: 'voiceState', by: ADA, userId: BOB });
    const said = house.ok(guild, { kind: 'voiceState', by: by(BOB), session: 'brief', channelId, ...self });
    await house.clock.settle();
    expect(await there()).toBe(undefined);
    await house.attach(guild, { user: BOB, session: 'brief' });
    await house.clock.advance(LIMITS.reloadMaxMs);
    await said;
    expect(await there()).toMatchObject({ channel_id: channelId });
    house.directory.interest(guild, { kind: 'forget', session: 'brief', hop: 0, user: BOB });
    await house.clock.settle();
    expect(await there()).toBe(undefined);
  });

  const over: [string, (house: House) => void][] = [
    ['died with its worker', ({ directory }) => directory.actors.dropWorker('1.1')],
    [
      'is over, of which only its guild hears,',
      ({ directory }) => directory.interest(guildKey(GUILD), { kind: 'forget', session: 'gone', hop: 0 }),
    ],
  ];

  test.each(over)('a session that %s is no longer seen', async (_, ends) => {
    const { house } = await town();
    await house.attach(guildKey(GUILD), { user: ADA, session: 'watcher' });
    const ask = attachAsk({ user: BOB, session: 'gone', worker: '1.1', carried: { presence: PRESENCE, voice: null } });
    for (const owner of [userKey(BOB), guildKey(GUILD)]) house.directory.interest(owner, { kind: 'attach', ask });
    await house.clock.settle();
    expect(house.seen()).toEqual(['online']);
    ends(house);
    await house.clock.settle();
    expect(house.seen()).toEqual(['online', 'offline']);
  });

  test('nor is one that is not attached to its user: what it said too late stayed for ever', async () => {
    const { house } = await town();
    await house.attach(guildKey(GUILD), { user: ADA, session: 'watcher' });
    const speak = async (): Promise<void> => {
      house.directory.tell(userKey(BOB), { kind: 'sessionPresence', session: 'late', presence: PRESENCE });
      await house.clock.settle();
    };
    await speak();
    expect(house.seen()).toEqual([]);
    await house.attach(userKey(BOB), { user: BOB, session: 'late' });
    await speak();
    expect(house.seen()).toEqual(['online']);
  });
});
