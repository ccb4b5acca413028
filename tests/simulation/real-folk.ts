/** Folk of the real rules on the real memory store. What is done to a guild names what is stored of it by then. */
import { GatewayIntentBits as I, PermissionFlagsBits as P } from 'discord-api-types/v10';
import { loadGuild } from '../../src/guild/guild-load.ts';
import { MessageCache } from '../../src/guild/message-cache.ts';
import { openNeeds } from '../../src/host/needs.ts';
import { isVolatile } from '../../src/host/volatile.ts';
import type { GuildCommand, MessageCommand } from '../../src/protocol/commands.ts';
import { guildKey, ownerId, type Snowflake, userKey } from '../../src/protocol/ids.ts';
import { Mint } from '../../src/protocol/snowflake.ts';
import { gatherSingles } from '../../src/store/gathered.ts';
import type { GuildLoad } from '../../src/store/ports.ts';
import { GATHERED } from '../../src/worker-limits.ts';
import { attachAsk } from '../unit/actor/fake-world.ts';
import { draft } from '../unit/guild/message-fixture.ts';
import { commandOf, type Dice, PEOPLE } from '../unit/guild/random-commands.ts';
import { ANN, BEN, BOT, by as byOf, MOD, OWNER, SERVER_BY, STRANGER, user } from '../unit/guild/world.ts';
import { application, userRecord } from '../unit/user/fixtures.ts';
import type { Fact } from './facts.ts';
import type { Folk, Ground } from './folk.ts';
import { type Guilds, type Loaded, Oracle } from './oracle.ts';
import type { Action } from './plan.ts';
import { RealStore } from './real-store.ts';

/** Those of them who have clients: the first so many. */
const FOLK = [OWNER, BOT, ANN, MOD, BEN, STRANGER];
/** Who asks: mostly one who may. */
const ASKERS = ['0', '0', '0', OWNER, ...FOLK];
const VIEW = String(P.ViewChannel);
const TEXT = 0;
const VOICE = 2;
const guildId = (n: number): string => `11000000000000000${10 + n}`;

interface Snapshot {
  readonly channels: readonly { readonly id: string }[];
  readonly voice_states: readonly {
    readonly user_id: string;
    readonly session_id: string;
    readonly channel_id: string;
  }[];
  readonly presences: readonly { readonly user: { readonly id: string }; readonly status: string }[];
}

export class RealFolk implements Folk {
  readonly guilds: readonly string[];
  readonly store: RealStore;
  readonly oracle = new Oracle(I.GuildVoiceStates);
  /** Messages, and where they were written. */
  readonly #made = new Map<Snowflake, Snowflake>();
  readonly #messages = new MessageCache();
  #bug: string | null = null;

  constructor(readonly ground: Ground) {
    const { plan, net, time } = ground;
    const hooks = {
      states: (guild: string, fact: Fact) => {
        this.oracle.states(guild, fact);
        this.#keep(fact);
      },
      loaded: this.oracle.loaded.bind(this.oracle),
      schedule: (run: () => void) => net.send('store', 'disk', 'next', run),
      clock: time.clockOf('store'),
      isLarge: plan.isLarge,
    };
    this.store = new RealStore(hooks, plan.ringRows);
    this.guilds = Array.from({ length: plan.guilds }, (_, n) => guildId(n));
  }

  rulesOf(worker: string) {
    const clock = this.ground.time.clockOf(worker);
    const mint = new Mint(Number(worker.split('.')[1]));
    return {
      mint: (now: number, after: Snowflake | null) => mint.next(now, after),
      load: openNeeds(this.store, gatherSingles(this.store, clock, GATHERED), clock),
      isVolatile,
      log: (what: string, { cause, owner, error }: Readonly<Record<string, unknown>>) => {
        if (cause === 'bug') this.#bug ??= `${what}, ${owner}: ${error}`;
      },
    };
  }

  user = (n: number): string => FOLK[n] ?? '';

  /** A bot's clients wish for this and that. */
  wishOf = (client: number): number | null => {
    const { users, wishes } = this.ground.plan;
    return this.user(client % users) === BOT ? (wishes[client % wishes.length] ?? 0) : null;
  };

  async found(): Promise<void> {
    const { plan } = this.ground;
    for (const id of PEOPLE) {
      const account = { user: userRecord(user(id)), token: null, application: id === BOT ? application(id) : null };
      this.ground.do(userKey(id), { kind: 'createAccount', ...account });
    }
    for (const id of this.guilds) {
      this.ground.do(guildKey(id), { kind: 'createGuild', by: byOf(OWNER), id, name: 'Home', icon: null });
    }
    await this.ground.settle();
    for (const guild of this.guilds) {
      this.#do(guild, { kind: 'createRole', by: SERVER_BY, patch: { name: 'seer', permissions: '0' } });
      for (let n = 1; n < plan.users; n += 1) {
        const isThere = (n + Number(guild.at(-1))) % 4 !== 3;
        if (isThere) this.#do(guild, { kind: 'addMember', by: SERVER_BY, user: user(this.user(n)) });
      }
    }
    await this.ground.settle();
    for (const guild of this.guilds) {
      const seer = this.store.data.guilds.guild(guild)?.roles.find(({ id }) => id !== guild)?.id ?? '';
      this.#do(guild, { kind: 'addMemberRole', by: SERVER_BY, userId: BOT, roleId: seer });
      for (let n = 0; n < plan.channels; n += 1) {
        this.#do(guild, { kind: 'createChannel', by: SERVER_BY, draft: hidden(guild, n === 0 ? seer : ANN) });
      }
    }
    await this.ground.settle();
  }

  act(action: Action, guild: string, b: number, c: number): void {
    const stored = this.store.data.guilds.guild(guild);
    if (stored === null) return;
    const known = this.#known(action, stored, b, c);
    if (known !== null) return this.#do(guild, known);
    const asker = ASKERS[(c >>> 10) % ASKERS.length] ?? '0';
    // The server itself could put out the owner, as nothing that asks in its name does.
    const who = asker === '0' && action === 'ban' ? stored.guild.owner_id : asker;
    const dice: Dice = { kind: action as Dice['kind'], who, a: (b >>> 10) % 41, b: b % 41, c: c % 41 };
    this.#do(guild, commandOf(loadGuild(stored, this.#messages), this.#made, dice));
  }

  /** What tiny folk does, too, is done here by who may and with what there is; null: it is something else. */
  #known(action: Action, stored: GuildLoad, b: number, c: number): GuildCommand | MessageCommand | null {
    const userId = this.user(b % this.ground.plan.users);
    const by = SERVER_BY;
    switch (action) {
      case 'message': {
        const content = c % 7 === 0 ? 'x'.repeat(300) : `words <@${userId}>`;
        const rooms = stored.channels.filter(({ type }) => type === TEXT);
        const channelId = oneOf(rooms, b)?.id ?? '';
        return { kind: 'createMessage', by: c % 3 === 0 ? by : byOf(userId), channelId, draft: draft({ content }) };
      }
      case 'see':
        return this.#see(stored, b, c);
      case 'grant': {
        const roles = stored.roles.filter(({ id }) => id !== stored.guild.id);
        const kind = c % 3 === 0 ? 'removeMemberRole' : 'addMemberRole';
        return { kind, by, userId, roleId: oneOf(roles, b >>> 10)?.id ?? '' };
      }
      case 'deleteRole':
        return { kind: 'deleteRole', by, roleId: oneOf(stored.roles, b >>> 10)?.id ?? '' };
      case 'join':
        return { kind: 'addMember', by, user: user(userId) };
      case 'leave':
        return { kind: 'removeMember', by: byOf(c % 2 === 0 ? userId : stored.guild.owner_id), userId };
      case 'move': {
        const patch = { channel_id: this.voiceChannel(stored.guild.id, c) };
        return { kind: 'updateMember', by, userId, patch };
      }
      default:
        return null;
    }
  }

  /** A channel is shown to some or hidden from them: all, a role, or one user. */
  #see({ channels, roles, guild }: GuildLoad, b: number, c: number): GuildCommand {
    const by = SERVER_BY;
    const channel = oneOf(channels, b);
    const channelId = channel?.id ?? '';
    const targets = [guild.id, ...roles.map(({ id }) => id), ...FOLK.slice(0, this.ground.plan.users)];
    const id = oneOf(targets, c >>> 10) ?? '';
    const old = oneOf(channel?.permission_overwrites ?? [], b >>> 10);
    if (c % 5 === 0 && old !== undefined) return { kind: 'deleteOverwrite', by, channelId, targetId: old.id };
    const [allow, deny] = c % 2 === 0 ? [VIEW, '0'] : ['0', VIEW];
    return { kind: 'putOverwrite', by, channelId, overwrite: { id, type: FOLK.includes(id) ? 1 : 0, allow, deny } };
  }

  probe(guild: string): void {
    for (const { id, type } of this.store.data.guilds.guild(guild)?.channels ?? []) {
      const said = draft({ content: 'is all well?' });
      if (type === TEXT) this.#do(guild, { kind: 'createMessage', by: SERVER_BY, channelId: id, draft: said });
    }
  }

  voiceChannel(guild: string, c: number): string | null {
    const rooms = (this.store.data.guilds.guild(guild)?.channels ?? []).filter(({ type }) => type === VOICE);
    return c % 4 === 0 ? null : (rooms[(c >>> 2) % rooms.length]?.id ?? null);
  }

  read(t: string, d: Record<string, unknown>): Record<string, unknown> {
    if (t === 'GUILD_UPDATE') return { ...d, guild_id: d.id };
    if (t === 'GUILD_CREATE') return { ...d, ...shown(d as unknown as Snapshot) };
    if (t !== 'READY') return d;
    const guilds = d.guilds as readonly Record<string, unknown>[];
    return { ...d, guilds: guilds.map((one) => (one.unavailable === true ? one : this.read('GUILD_CREATE', one))) };
  }

  loads(): Guilds {
    return new Map([...this.store.loads.keys()].map((key) => [key, this.#loaded(ownerId(key))]));
  }

  wrong = (): string | null => this.store.wrong ?? this.#bug;

  /** The owner sees all. */
  #loaded(guild: string): Loaded {
    const seen = new Map<string, readonly string[]>();
    const channelsOf = (one: string): readonly string[] => {
      const channels = seen.get(one) ?? this.#snapshot(guild, one).channels.map(({ id }) => id);
      seen.set(one, channels);
      return channels;
    };
    const snapshot = this.#snapshot(guild, this.store.data.guilds.guild(guild)?.guild.owner_id ?? '');
    return {
      voices: new Map(shown(snapshot).voices.map(([one, session, channelId]) => [one, { session, channelId }])),
      statuses: new Map(snapshot.presences.map(({ user: one, status }) => [one.id, status])),
      channelsOf,
    };
  }

  #snapshot(guild: string, one: string): Snapshot {
    const snapshot = this.store.loads.get(guildKey(guild))?.snapshot(attachAsk({ user: one, person: true }), 0);
    return JSON.parse(snapshot?.d ?? 'null') as Snapshot;
  }

  #keep({ row: { draft: said } }: Fact): void {
    if (said.kind !== 'event' || said.note?.as !== 'message') return;
    this.#made.set(said.note.id, said.note.channelId);
  }

  #do(guild: string, command: GuildCommand | MessageCommand): void {
    this.ground.do(guildKey(guild), command);
  }
}

/** For its owner, and a role or a member. */
function hidden(guild: string, id: string) {
  const permission_overwrites = [
    { id: guild, type: 0, allow: '0', deny: VIEW },
    { id, type: id === ANN ? 1 : 0, allow: VIEW, deny: '0' },
  ];
  return { name: 'hidden', type: TEXT, permission_overwrites };
}

const oneOf = <T>(list: readonly T[], n: number): T | undefined => list[n % list.length];

function shown({ channels, voice_states: voices }: Snapshot) {
  return {
    channels: channels.map(({ id }) => id),
    voices: voices.map(({ user_id, session_id, channel_id }) => [user_id, session_id, channel_id] as const),
  };
}
