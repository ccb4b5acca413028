/** Folk of tiny rules: members, visible channels, voice states and events, which an oracle can know wholly. */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { LARGE_PRESENCES, LARGE_TYPING } from '../../src/protocol/events.ts';
import { guildKey, ownerId } from '../../src/protocol/ids.ts';
import { type TinyCommand, type TinyEvent, tiny } from '../support/tiny-rules.ts';
import { TinyStore } from '../support/tiny-store.ts';
import type { Folk, Ground } from './folk.ts';
import { type Guilds, Oracle } from './oracle.ts';
import type { Action } from './plan.ts';

/** What people hear of a large guild if they wish it. */
const WISHED: readonly Emitted[] = [true, false].flatMap((stored) => [
  { t: 'TYPING_START', cls: LARGE_TYPING, stored },
  { t: 'PRESENCE_UPDATE', cls: LARGE_PRESENCES, stored },
]);

type Emitted = Pick<TinyEvent, 't' | 'cls' | 'stored'>;

const guildId = (n: number): string => `11000000000000000${10 + n}`;
const channelId = (guild: string, n: number): string => `12${guild.slice(3)}${n}`;

export class TinyFolk implements Folk {
  readonly guilds: readonly string[];
  readonly store: TinyStore;
  readonly oracle = new Oracle();
  readonly #channels = new Map<string, string[]>();

  constructor(readonly ground: Ground) {
    const { plan, net, time } = ground;
    this.store = new TinyStore(
      {
        committed: (owner, row) => {
          if (owner.startsWith('g:')) this.oracle.committed(ownerId(owner), row);
        },
        opened: (owner, epoch) => {
          if (owner.startsWith('g:')) this.oracle.loaded(ownerId(owner), epoch);
        },
        schedule: (run) => net.send('store', 'disk', 'next', run),
        now: () => time.now,
      },
      new Set(),
      plan.ringRows,
    );
    this.guilds = Array.from({ length: plan.guilds }, (_, n) => guildId(n));
    for (const id of this.guilds) {
      this.#channels.set(
        id,
        Array.from({ length: plan.channels }, (_, n) => channelId(id, n)),
      );
    }
  }

  rulesOf = () => ({});
  user = (n: number): string => `10000000000000000${10 + n}`;
  wishOf = (client: number): number | null => {
    const { wishes } = this.ground.plan;
    return wishes[client % wishes.length] ?? null;
  };

  async found(): Promise<void> {
    for (const [guild, channels] of this.#channels) {
      for (let n = 0; n < this.ground.plan.users; n += 1) {
        if ((n + Number(guild.at(-1))) % 4 !== 3) this.#do(guild, { kind: 'tinyJoin', user: this.user(n) });
      }
      for (const [i, channel] of channels.entries()) {
        this.#do(guild, { kind: 'tinySee', channel, users: this.#users(0b0101_1011 >> i) });
      }
    }
    await this.ground.settle();
  }

  act(action: Action, guild: string, b: number, c: number): void {
    const user = this.user(b % this.ground.plan.users);
    switch (action) {
      case 'message':
        return this.#emit(guild, b, { t: 'MESSAGE_CREATE', cls: I.GuildMessages, stored: true });
      case 'typing':
        if (this.ground.plan.isLarge) return this.#emit(guild, b, WISHED[c % WISHED.length]!);
        return this.#emit(guild, b, { t: 'TYPING_START', cls: c % 2 === 0 ? 0 : I.GuildMessageTyping, stored: false });
      case 'mention':
        return this.#mention(guild, b, c);
      case 'see': {
        const channels = this.#channels.get(guild)!;
        const channel = channels[b % channels.length]!;
        return this.#do(guild, { kind: 'tinySee', channel, users: this.#users(c) });
      }
      case 'move':
        return this.#do(guild, { kind: 'tinyMove', user, channelId: this.voiceChannel(guild, c) });
      case 'join':
        return this.#do(guild, { kind: 'tinyJoin', user });
      case 'leave':
        return this.#do(guild, { kind: 'tinyLeave', user });
      default:
        throw new Error(`tiny folk cannot ${action}`);
    }
  }

  probe(guild: string): void {
    for (let b = 0; b <= this.ground.plan.channels; b += 1) {
      this.#emit(guild, b, { t: 'MESSAGE_CREATE', cls: I.GuildMessages, stored: true });
    }
  }

  /** One of two, or out. */
  voiceChannel = (guild: string, c: number): string | null => (c % 4 === 0 ? null : channelId(guild, 8 + (c % 2)));
  read = (_t: string, d: Record<string, unknown>) => d;
  loads = (): Guilds => this.store.guilds;
  wrong = () => null;

  #emit(guild: string, b: number, event: Emitted): void {
    const { plan } = this.ground;
    const channel = this.#channels.get(guild)![b % (plan.channels + 1)] ?? null;
    // Some bodies are big: they stay with their sessions, or fill a socket.
    const d = { content: 'x'.repeat(b % 7 === 0 ? 300 : 10) };
    // Some users get it whole, whatever they wished; of what people may wish, nobody.
    const full = b % 5 === 0 && !WISHED.includes(event) ? [this.user(b % plan.users)] : [];
    this.#do(guild, { kind: 'tinyEmit', emit: { ...event, channel, session: null, d, full } });
  }

  #mention(guild: string, b: number, c: number): void {
    const session = this.ground.sessionOf(b);
    if (session === null) return;
    const emit = { t: 'GUILD_MEMBERS_CHUNK', cls: 0, stored: c % 3 > 0, channel: null, session };
    this.#do(guild, { kind: 'tinyEmit', emit });
  }

  #do(guild: string, command: TinyCommand): void {
    this.ground.do(guildKey(guild), tiny(command));
  }

  #users(bits: number): string[] {
    return Array.from({ length: this.ground.plan.users }, (_, n) => n)
      .filter((n) => ((bits >> n) & 1) === 1)
      .map((n) => this.user(n));
  }
}
