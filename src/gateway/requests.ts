/** What a session asks of owners: op 3 presence, op 4 voice state, op 8 members, op 14 and op 37 wishes. What is refused is not answered, as on the original. */
import type { Directory } from '../actor/directory.ts';
import type { Load } from '../actor/pressure.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { By, Command } from '../protocol/commands.ts';
import type { Body } from '../protocol/envelope.ts';
import { Fault } from '../protocol/errors.ts';
import type { Wished } from '../protocol/events.ts';
import { guildKey, type OwnerKey, type SessionId, type Snowflake, userKey } from '../protocol/ids.ts';
import { shedAt } from '../protocol/urgency.ts';
import type { Connection } from './connection.ts';
import type { ClientPresence, GuildWish, MembersData, VoiceData } from './handshake.ts';
import type { GatewayLimits } from './limits.ts';
import type { Meaning } from './machine.ts';
import type { Session } from './session.ts';

export interface RequestPorts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: Pick<GatewayLimits, 'askMs' | 'memberRequests'>;
  readonly load: Load;
  readonly sessions: ReadonlyMap<SessionId, Session>;
  readonly owe: (session: Session, owner: OwnerKey, body: Body) => void;
  readonly wish: (session: Session, owner: OwnerKey, wish: Wished) => void;
}

interface Late {
  readonly session: Session;
  readonly presence: ClientPresence;
}

/** So many guilds of one op 37 count as one frame of their client: each may cost its owner a snapshot. */
const WISHES_PER_FRAME = 10;

export class Requests {
  readonly #ports: RequestPorts;
  /** Presences that came too fast, or when there was too much to do: the last one counts when that is over. */
  readonly #late = new Map<Connection, Late>();
  /** Member requests of a session that are under way. */
  readonly #pending = new WeakMap<Session, number>();

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  take(connection: Connection, session: Session, meaning: Meaning): void {
    if (meaning.does === 'presence') this.#presence(connection, session, meaning.presence);
    if (meaning.does === 'voice') this.#voice(session, meaning.voice);
    if (meaning.does === 'members') this.#members(session, meaning.members);
    if (meaning.does === 'wishes') this.#wishes(connection, session, meaning.wishes);
  }

  #presence(connection: Connection, session: Session, presence: ClientPresence): void {
    // What is shed is not lost: the last one counts when there is time for it.
    if (this.#ports.load.sheds('presence') || !connection.presences.take(this.#ports.clock.monotonic())) {
      this.#late.set(connection, { session, presence });
      return;
    }
    this.#late.delete(connection);
    const { id, user } = session.traits;
    session.presence = { ...presence, client: session.presence?.client ?? 'web' };
    this.#ports.directory.tell(userKey(user), { kind: 'sessionPresence', session: id, presence: session.presence });
  }

  #voice(session: Session, { guildId, ...voice }: VoiceData): void {
    const by = byOf(session);
    if (guildId === null || by === null) return;
    const guild = guildKey(guildId);
    // Else any id loads an owner.
    if (!session.attachments.has(guild)) return;
    if (voice.channelId === null) session.voices.said(guild, null);
    this.#ask(session, guild, { kind: 'voiceState', by, session: session.id, ...voice });
  }

  /** Only people's: what a token with intents hears was said when it identified. */
  #wishes(connection: Connection, session: Session, wishes: readonly GuildWish[]): void {
    if (!session.person) return;
    const now = this.#ports.clock.monotonic();
    for (const [n, { guildId, ...wish }] of wishes.entries()) {
      const isMore = n > 0 && n % WISHES_PER_FRAME === 0;
      if (isMore && !connection.frames.take(now)) return connection.close('rateLimited');
      this.#ports.wish(session, guildKey(guildId), wish);
    }
  }

  #members(session: Session, { guildIds, ...request }: MembersData): void {
    const by = byOf(session);
    if (by === null) return;
    const intents = session.traits.mask;
    for (const id of new Set(guildIds)) {
      const guild = guildKey(id);
      if (!session.attachments.has(guild)) continue;
      const pending = this.#pending.get(session) ?? 0;
      if (pending >= this.#ports.limits.memberRequests || this.#ports.load.sheds('ordinary')) {
        this.#ports.owe(session, guild, rateLimited(id, request.nonce));
        continue;
      }
      this.#pending.set(session, pending + 1);
      this.#ask(session, guild, { kind: 'requestMembers', by, session: session.id, intents, ...request }, () => {
        this.#pending.set(session, (this.#pending.get(session) ?? 1) - 1);
      });
    }
  }

  sweep(now: number): void {
    const isShed = this.#ports.load.level >= shedAt('presence');
    for (const [connection, { session, presence }] of [...this.#late]) {
      if (session.connection !== connection) this.#late.delete(connection);
      else if (!isShed && connection.presences.open(now)) this.#presence(connection, session, presence);
    }
  }

  /** A session that is over, has moved or is not there any more wants nothing: its owner may have heard so before it is asked again. */
  #ask(session: Session, to: OwnerKey, command: Command, settled: () => void = () => {}): void {
    const { directory, clock, random, limits, sessions } = this.#ports;
    const isWanted = (): boolean => sessions.get(session.id) === session && session.attachments.has(to);
    const options = { commandId: random.uuid(), deadline: clock.now() + limits.askMs, rate: null, isWanted };
    directory.ask(to, command, options).then(settled, (error: unknown) => {
      settled();
      // The world failed: the client asks again or not.
      if (!(error instanceof Fault)) throw error;
    });
  }
}

/** What discord.js waits for beside the chunks (wire-rules.md, fields, op 8). */
function rateLimited(guildId: Snowflake, nonce: string | null): Body {
  const d = { opcode: 8, retry_after: 1, meta: { guild_id: guildId, nonce } };
  return { t: 'RATE_LIMITED', d: JSON.stringify(d), cls: 0, full: null };
}

function byOf({ traits, self }: Session): By | null {
  return self === null ? null : { id: traits.user, self, reason: null };
}
