/** What a guild holds in memory is what is stored, whatever it was asked: a load that follows begins where the one before stood. */
import { expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import { decide, needs } from '../../../src/guild/decide.ts';
import { createGuild } from '../../../src/guild/guild-commands.ts';
import { loadGuild } from '../../../src/guild/guild-load.ts';
import { supplyNeed } from '../../../src/guild/messages.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import { openNeeds } from '../../../src/host/needs.ts';
import type { GuildCommand, MessageCommand } from '../../../src/protocol/commands.ts';
import type { Decision, Turn } from '../../../src/protocol/decision.ts';
import { seqOf } from '../../../src/protocol/envelope.ts';
import { guildKey, type Snowflake } from '../../../src/protocol/ids.ts';
import type { MessageWithReactions } from '../../../src/protocol/records.ts';
import { Mint } from '../../../src/protocol/snowflake.ts';
import type { Write } from '../../../src/protocol/writes.ts';
import { gatherSingles } from '../../../src/store/gathered.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { GATHERED } from '../../../src/worker-limits.ts';
import { anyDice, commandOf, type Dice, PEOPLE } from './random-commands.ts';
import { ANN, BEN, BOT, by, GUILD, MOD, OWNER, START, user } from './world.ts';

const KEY = guildKey(GUILD);
const POWERS = P.ManageRoles | P.ManageChannels | P.BanMembers | P.KickMembers | P.ManageMessages;

class Life {
  now = START;
  readonly store = new MemoryStore({ clock: { now: () => this.now } });
  readonly made = new Map<Snowflake, Snowflake>();
  readonly #mint = new Mint(3);
  readonly #seen = new Set<string>();
  #epoch = 0;
  #rows = 0;
  #state: GuildState | null = null;

  get state(): GuildState {
    if (this.#state === null) throw new Error('the guild is open');
    return this.#state;
  }

  readonly #load = openNeeds(this.store, gatherSingles(this.store, { defer: queueMicrotask }, GATHERED), {
    now: () => this.now,
  });

  #turn(): Turn {
    const [first, now] = [this.#rows, this.now];
    return {
      now,
      unheard: false,
      mint: (after) => this.#mint.next(now, after ?? null),
      seq: (i) => seqOf(this.#epoch, first + i + 1),
    };
  }

  async #commit({ writes, rows }: Decision): Promise<void> {
    this.#rows += rows.length;
    if (writes.length > 0) await this.store.commit({ owner: KEY, epoch: this.#epoch, writes });
  }

  async open(): Promise<void> {
    this.#epoch = await this.store.fence(KEY);
    const command = { kind: 'createGuild', by: by(OWNER), id: GUILD, name: 'Home', icon: null } as const;
    const { state, decision } = createGuild(command, this.#turn());
    this.#state = state;
    await this.#commit(decision);
    for (const id of [MOD, ANN, BEN, BOT]) await this.ask({ kind: 'addMember', by: by('0'), user: user(id) });
    const patch = { name: 'mods', permissions: String(POWERS) };
    const { reply } = await this.ask({ kind: 'createRole', by: by(OWNER), patch });
    const roleId = 'ok' in reply ? (reply.ok as { id: Snowflake }).id : '';
    await this.ask({ kind: 'addMemberRole', by: by(OWNER), userId: MOD, roleId });
  }

  async reload(): Promise<void> {
    this.#state = await this.loaded();
  }

  async loaded(): Promise<GuildState> {
    this.#epoch = await this.store.fence(KEY);
    this.#rows = 0;
    const stored = await this.store.guild(GUILD);
    if (stored === null) throw new Error('the guild is stored');
    return loadGuild(stored);
  }

  async ask(command: GuildCommand | MessageCommand): Promise<Decision> {
    const wanted = needs(this.state, command, this.now);
    for (const need of wanted) supplyNeed(this.state, need, await this.#load(need));
    const [before, generations] = [picture(this.state), new Map(this.state.generations)];
    const decision = decide(this.state, command, this.#turn());
    if ('refused' in decision.reply) {
      expect([decision.writes, decision.rows, decision.tells]).toEqual([[], [], []]);
      expect(picture(this.state)).toEqual(before);
    }
    for (const id of touchedBy(decision.writes)) this.#expectNewer(command.kind, id, generations.get(id));
    for (const write of decision.writes) {
      if (write.w === 'putMessage') this.made.set(write.message.id, write.message.channel_id);
    }
    await this.#commit(decision);
    return decision;
  }

  /** Reads are shared under it: a change of messages gives the channel a generation that it has never had. */
  #expectNewer(kind: string, channelId: Snowflake, before: Snowflake | undefined): void {
    if (!this.state.channels.has(channelId)) return;
    const after = this.state.generations.get(channelId);
    expect([kind, after === before, this.#seen.has(`${channelId} ${after}`)]).toEqual([kind, false, false]);
    this.#seen.add(`${channelId} ${after}`);
  }
}

const MESSAGE_WRITES: ReadonlySet<Write['w']> = new Set<Write['w']>([
  'putMessage',
  'deleteMessages',
  'putReaction',
  'deleteReaction',
  'clearReactions',
  'putPin',
  'deletePin',
]);

function touchedBy(writes: readonly Write[]): Set<Snowflake> {
  const touched = new Set<Snowflake>();
  for (const write of writes) {
    if (write.w === 'putMessage') touched.add(write.message.channel_id);
    else if (MESSAGE_WRITES.has(write.w) && 'channelId' in write) touched.add(write.channelId);
  }
  return touched;
}

/** As plain data, whatever the order of the maps. */
const sorted = (map: ReadonlyMap<string, unknown>) => structuredClone([...map].sort(([a], [b]) => (a < b ? -1 : 1)));

const stored = ({ guild, channels, roles, members, bans, invites }: GuildState) => ({
  guild,
  ...Object.fromEntries(
    Object.entries({ channels, roles, members, bans, invites }).map(([k, map]) => [k, sorted(map)]),
  ),
});

/** With what dies with its owner. */
const picture = (state: GuildState) => ({
  ...stored(state),
  voice: sorted(state.voice),
  presences: sorted(state.presences),
  generations: sorted(state.generations),
  lastWrote: sorted(state.lastWrote),
});

/** Two first reactions of one millisecond have no order. */
const inOrder = (one: MessageWithReactions | null) =>
  one && { ...one, reactions: [...one.reactions].sort((a, b) => (a.emoji < b.emoji ? -1 : 1)) };

/** What the owner knows of messages is what the store says. */
async function expectTrueMessages({ state, store, made }: Life): Promise<void> {
  for (const [id, channelId] of made) {
    const known = state.messages.message(channelId, id);
    if (known === undefined || !state.channels.has(channelId)) continue;
    expect(inOrder(known)).toEqual(inOrder(await store.message(channelId, id)));
  }
  for (const channelId of state.channels.keys()) {
    const known = state.messages.pins(channelId);
    const found = await store.pins(channelId);
    const ids = found.map(({ message, pinnedAt }) => [message.message.id, pinnedAt] as const);
    if (known) expect(sorted(known)).toEqual(sorted(new Map(ids)));
    expect(found.every(({ message }) => message.message.wire.pinned)).toBe(true);
  }
}

/** The facts that lie under a second key. */
async function expectTrueIndexes({ state, store }: Life): Promise<void> {
  for (const id of PEOPLE) {
    const guilds = await store.guildsOf(id);
    expect([id, guilds.map(({ guild }) => guild)]).toEqual([id, state.members.has(id) ? [GUILD] : []]);
  }
  for (const id of state.channels.keys()) expect(await store.channelOwner(id)).toBe(KEY);
  for (const code of state.invites.keys()) expect((await store.invite(code))?.guild_id).toBe(GUILD);
}

async function live(steps: readonly (Dice & { readonly wait: number; readonly restart: boolean })[]): Promise<Life> {
  const life = new Life();
  await life.open();
  for (const { wait, restart, ...dice } of steps) {
    life.now += wait;
    if (restart) await life.reload();
    await life.ask(commandOf(life.state, life.made, dice));
  }
  return life;
}

const anyStep = fc
  .tuple(anyDice, fc.nat(4000), fc.nat(20))
  .map(([dice, wait, luck]) => ({ ...dice, wait, restart: luck === 0 }));

test('after any commands a new load holds what the one before held, and no refusal left a trace', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 20, maxLength: 60, size: 'max' }), async (steps) => {
      const life = await live(steps);
      await expectTrueMessages(life);
      await expectTrueIndexes(life);
      const before = stored(life.state);
      expect(stored(await life.loaded())).toEqual(before);
    }),
    { numRuns: 300 },
  );
});
