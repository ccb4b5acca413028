/**
 * Guilds and users with nothing but members, visible channels and events, over a store that is a list of rows: enough to drive the real
 * runtime and the real gateway, and simple enough for an oracle to know what everybody must see.
 */
import type { Behavior } from '../../src/actor/behavior.ts';
import type { Wording } from '../../src/actor/ports.ts';
import type { Command } from '../../src/protocol/commands.ts';
import {
  type Decision,
  done,
  type EventDraft,
  type EventNote,
  type RowDraft,
  type Tell,
  type Turn,
} from '../../src/protocol/decision.ts';
import type { AttachAsk, Body } from '../../src/protocol/envelope.ts';
import { type OwnerKey, ownerId, type SessionId, type Snowflake, userKey } from '../../src/protocol/ids.ts';
import type { PublicUser } from '../../src/protocol/records.ts';
import type { UserSnapshot } from '../../src/protocol/snapshots.ts';
import { channelTopic, guildTopic, sessionTopic } from '../../src/protocol/topics.ts';
import type { CarriedVoice } from '../../src/protocol/voice.ts';
import type { Write } from '../../src/protocol/writes.ts';

export type TinyCommand =
  | { readonly kind: 'tinyJoin' | 'tinyLeave'; readonly user: Snowflake }
  | { readonly kind: 'tinySee'; readonly channel: Snowflake; readonly users: readonly Snowflake[] }
  /** `to`: a channel, a session, or null for the whole guild. */
  | { readonly kind: 'tinyEmit'; readonly emit: TinyEvent }
  /** A moderator moves or disconnects a user who is in voice. */
  | { readonly kind: 'tinyMove'; readonly user: Snowflake; readonly channelId: Snowflake | null };

export interface TinyEvent {
  readonly t: string;
  readonly cls: number;
  readonly channel: Snowflake | null;
  readonly session: string | null;
  readonly stored: boolean;
  readonly d?: object;
  readonly full?: readonly Snowflake[];
}

export const tiny = (command: TinyCommand): Command => command as unknown as Command;

/** A row that was decided, as it is stored and as the oracle hears of it. */
export interface TinyRow {
  readonly seq: number;
  readonly stored: boolean;
  readonly draft: RowDraft;
}

export const publicUser = (id: Snowflake, bot = false): PublicUser => ({
  id,
  username: `user${id}`,
  discriminator: '0',
  global_name: null,
  avatar: null,
  banner: null,
  accent_color: null,
  bot,
  system: false,
  public_flags: 0,
});

const GUILDS = 1;
const body = (t: string, d: string): Body => ({ t, d, cls: GUILDS, full: null });

export const wordingOf = (key: OwnerKey): Wording => ({
  left: body('GUILD_DELETE', JSON.stringify({ id: ownerId(key) })),
  created: (d) => body('CHANNEL_CREATE', d),
  deleted: (d) => body('CHANNEL_DELETE', d),
  carried: ({ user, session, carried }) => {
    const voice = key.startsWith('g:') ? (carried?.voice ?? null) : null;
    return voice === null ? [] : [{ kind: 'voiceCarried', user, session, voice }];
  },
  gathered: [],
  gone: (session, user) => (key.startsWith('g:') ? [{ kind: 'voiceGone', user, session }] : []),
});

/** Where a user is in voice. */
export interface TinyVoice {
  readonly session: SessionId;
  readonly channelId: Snowflake;
}

abstract class TinyRules implements Behavior {
  abstract decide(command: Command, turn: Turn): Decision;
  abstract isMember(user: Snowflake): boolean;
  abstract topicsOf(user: Snowflake): readonly string[];
  abstract snapshot(ask: AttachAsk): { readonly t: string; readonly d: string; readonly cls: number };
  abstract apply(row: TinyRow): void;
  guilds(): readonly (readonly [OwnerKey, number])[] | null {
    return null;
  }
  voiceOf(_session: SessionId, _user: Snowflake): CarriedVoice | null {
    return null;
  }
  question = () => ({ ok: null });
  needs = () => [];
  supply = () => {};
  forsake = () => {};
  retell(_t: string, _note: EventNote): string | null {
    return null;
  }
}

export class TinyGuild extends TinyRules {
  readonly members = new Set<Snowflake>();
  readonly seers = new Map<Snowflake, Set<Snowflake>>();
  /** Dies with its load. */
  readonly voices = new Map<Snowflake, TinyVoice>();
  /** Of whom this load has decided it. */
  readonly #decided = new Set<Snowflake>();
  seq = 0;

  constructor(readonly key: OwnerKey) {
    super();
  }

  decide(command: Command, turn: Turn): Decision {
    const tinyCommand = command as unknown as TinyCommand;
    const rows = [...this.#voiceRows(command, turn), ...this.#rows(tinyCommand, turn)];
    const tells: Tell[] = rows.flatMap((row, i) => this.#tells(row, turn.seq(i)));
    for (const [i, draft] of rows.entries()) this.apply({ seq: turn.seq(i), stored: true, draft });
    return { ...done(), rows, tells, writes: rows.flatMap((draft, i) => keep(turn.seq(i), draft)) };
  }

  /** All members hear who is in voice. */
  #voiceRows(command: Command, turn: Turn): RowDraft[] {
    const said = voiceOf(command as Command | TinyCommand, this.voices);
    if (said === null || !this.members.has(said.user)) return [];
    const { user, session, channelId } = said;
    if (command.kind === 'voiceCarried' && this.#decided.has(user)) return [];
    this.#decided.add(user);
    if (channelId === null) this.voices.delete(user);
    else this.voices.set(user, { session, channelId });
    if (command.kind === 'voiceCarried' && turn.unheard) return [];
    const d = { user_id: user, session_id: session, channel_id: channelId };
    const event = { t: 'VOICE_STATE_UPDATE', cls: 0, channel: null, session: null, stored: false, d };
    return [this.#event(event, turn.seq(0))];
  }

  override voiceOf(session: SessionId, user: Snowflake): CarriedVoice | null {
    const voice = this.voices.get(user);
    if (voice?.session !== session) return null;
    return { channelId: voice.channelId, selfMute: false, selfDeaf: false, selfVideo: false };
  }

  apply({ seq, draft }: TinyRow): void {
    this.seq = seq;
    if (draft.kind === 'join') this.members.add(draft.user);
    if (draft.kind === 'leave') this.members.delete(draft.user);
    if (draft.kind !== 'visibility') return;
    const seers = this.seers.get(draft.channel) ?? new Set();
    this.seers.set(draft.channel, seers);
    for (const user of draft.gained) seers.add(user);
    for (const user of draft.lost) seers.delete(user);
  }

  /** A channel, which is all there is of it. */
  override retell(_t: string, note: EventNote): string | null {
    return note.as === 'thing' ? JSON.stringify({ id: note.id, guild_id: ownerId(this.key) }) : null;
  }

  isMember = (user: Snowflake): boolean => this.members.has(user);

  topicsOf = (user: Snowflake): readonly string[] => [
    guildTopic(ownerId(this.key)),
    ...this.#visible(user).map((channel) => channelTopic(channel)),
  ];

  snapshot = (ask: AttachAsk) => {
    const { key, seq } = this;
    const voices = [...this.voices].map(([user, { session, channelId }]) => [user, session, channelId]);
    const shown = { channels: this.#visible(ask.user), members: [], voices, mask: ask.mask };
    const d = { id: ownerId(key), unavailable: false, seq, ...shown };
    return { t: 'GUILD_CREATE', d: JSON.stringify(d), cls: GUILDS };
  };

  #visible(user: Snowflake): Snowflake[] {
    return [...this.seers].flatMap(([channel, users]) => (users.has(user) ? [channel] : []));
  }

  #rows(command: TinyCommand, turn: Turn): RowDraft[] {
    if (command.kind === 'tinyEmit') return [this.#event(command.emit, turn.seq(0))];
    if (command.kind === 'tinySee') return [this.#see(command.channel, new Set(command.users), turn.seq(0))];
    if (command.kind !== 'tinyJoin' && command.kind !== 'tinyLeave') return [];
    const isMember = this.members.has(command.user);
    if (command.kind === 'tinyJoin') return isMember ? [] : [{ kind: 'join', user: command.user }];
    return isMember ? [{ kind: 'leave', user: command.user }] : [];
  }

  #event({ t, cls, channel, session, stored, d, full }: TinyEvent, seq: number): EventDraft {
    const topic = session !== null ? sessionTopic(session) : channel !== null ? channelTopic(channel) : this.key;
    const text = JSON.stringify({ guild_id: ownerId(this.key), seq, ...d });
    return { kind: 'event', topic, t, d: text, cls, full: full ?? null, note: stored ? { as: 'literal' } : null };
  }

  /** The list is made here in the turn itself. */
  #see(channel: Snowflake, users: ReadonlySet<Snowflake>, seq: number): RowDraft {
    const before = this.seers.get(channel) ?? new Set<Snowflake>();
    const gained = [...users].filter((user) => !before.has(user));
    const lost = [...before].filter((user) => !users.has(user));
    const d = JSON.stringify({ id: channel, guild_id: ownerId(this.key), seq });
    const topic = channelTopic(channel);
    // Who is no member any more is not told; the row says what changed for members.
    return { kind: 'visibility', channel, from: topic, to: topic, gained, lost, created: d, deleted: d };
  }

  #tells(row: RowDraft, seq: number): Tell[] {
    if (row.kind !== 'join' && row.kind !== 'leave') return [];
    const kind = row.kind === 'join' ? 'guildJoined' : 'guildLeft';
    return [{ to: userKey(row.user), command: { kind, guild: this.key, seq }, durable: true }];
  }
}

/** What this says of where a user is; null: nothing. */
function voiceOf(
  command: Command | TinyCommand,
  voices: ReadonlyMap<Snowflake, TinyVoice>,
): { user: Snowflake; session: SessionId; channelId: Snowflake | null } | null {
  switch (command.kind) {
    case 'voiceState': {
      const { by, session, channelId } = command;
      const isThere = voices.get(by.id)?.session === session;
      return channelId === null && !isThere ? null : { user: by.id, session, channelId };
    }
    case 'voiceCarried': {
      const { user, session, voice } = command;
      return { user, session, channelId: voice.channelId };
    }
    case 'voiceGone': {
      const { user, session } = command;
      return voices.get(user)?.session === session ? { user, session, channelId: null } : null;
    }
    case 'tinyMove':
    case 'tinyLeave': {
      const { user } = command;
      const session = voices.get(user)?.session;
      const channelId = command.kind === 'tinyMove' ? command.channelId : null;
      return session === undefined ? null : { user, session, channelId };
    }
    default:
      return null;
  }
}

export class TinyUser extends TinyRules {
  readonly #guilds = new Map<OwnerKey, { readonly seq: number; readonly member: boolean }>();

  constructor(
    readonly key: OwnerKey,
    readonly isBot: boolean,
  ) {
    super();
  }

  decide(command: Command, turn: Turn): Decision {
    if (command.kind !== 'guildJoined' && command.kind !== 'guildLeft') return done();
    const { guild, seq, kind } = command;
    if ((this.#guilds.get(guild)?.seq ?? 0) >= seq) return done();
    this.#guilds.set(guild, { seq, member: kind === 'guildJoined' });
    const rows: RowDraft[] = kind === 'guildJoined' ? [{ kind: 'joined', guild, seq }] : [];
    const heard: Write = { w: 'putHeard', user: kind, teller: guild, seq };
    return { ...done(), rows, writes: [heard, ...rows.flatMap((draft) => keep(turn.seq(0), draft))] };
  }

  /** What was heard is in the store apart from the rows. */
  hear(guild: OwnerKey, seq: number, member: boolean): void {
    this.#guilds.set(guild, { seq, member });
  }

  apply(): void {}

  isMember = (user: Snowflake): boolean => userKey(user) === this.key;
  topicsOf = (): readonly string[] => [this.key];

  override guilds(): readonly (readonly [OwnerKey, number])[] {
    return [...this.#guilds].flatMap(([guild, { seq, member }]) => (member ? [[guild, seq] as const] : []));
  }

  snapshot = () => {
    const id = ownerId(this.key);
    const user = publicUser(id, this.isBot);
    const application = this.isBot
      ? {
          id,
          name: user.username,
          icon: null,
          description: '',
          bot_public: true,
          bot_require_code_grant: false,
          verify_key: '',
          owner: id,
          flags: 0,
        }
      : null;
    const snapshot: UserSnapshot = { user, email: null, locale: 'en-US', bio: '', application, dms: [] };
    return { t: 'INTERNAL_USER', d: JSON.stringify(snapshot), cls: 0 };
  };
}

export const VOLATILE = 'volatile';

/** A row rides in a write that the runtime passes on unread. */
function keep(seq: number, draft: RowDraft): Write[] {
  const stored = draft.kind !== 'event' || draft.note !== null;
  return [{ w: 'putLogin', login: JSON.stringify(draft), userId: `${seq} ${stored ? '' : VOLATILE}` }];
}
