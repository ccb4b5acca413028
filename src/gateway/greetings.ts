/** READY is made when the session's user actor has answered; for people also when every guild has, or after two seconds. */
import type { Clock, Timer } from '../base/clock.ts';
import { wireBytes } from '../base/text.ts';
import type { AnswerEntry, Body } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { UserSnapshot } from '../protocol/snapshots.ts';
import type { GatewayLimits } from './limits.ts';
import { readyData } from './ready.ts';
import type { Session } from './session.ts';
import { onShard } from './shard.ts';

export interface GreetingPorts {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly pump: (session: Session) => void;
  readonly invalidate: (session: Session, why: string) => void;
  /** READY is made, or will never be. */
  readonly done: (session: Session) => void;
}

/** Of one character. */
const MOST_BYTES = 3;

interface Greeting {
  readonly url: string;
  snapshot: UserSnapshot | null;
  /** Of the guilds gathered: what they are at most, or counted. */
  bytes: number;
  isCounted: boolean;
  /** Guilds that found no room in READY: each has its GUILD_CREATE in the log. */
  readonly beyond: Set<OwnerKey>;
  timer: Timer | null;
}

export class Greetings {
  readonly #ports: GreetingPorts;
  readonly #waiting = new Map<Session, Greeting>();

  constructor(ports: GreetingPorts) {
    this.#ports = ports;
  }

  /** `url`: where the client may resume. */
  begin(session: Session, url: string): void {
    this.#waiting.set(session, { url, snapshot: null, bytes: 0, isCounted: false, beyond: new Set(), timer: null });
  }

  /** The session is over. */
  drop(session: Session): void {
    this.#waiting.get(session)?.timer?.cancel();
    if (this.#waiting.delete(session)) this.#ports.done(session);
  }

  /** First answer of the user actor. */
  welcome(session: Session, answer: AnswerEntry): void {
    const greeting = this.#waiting.get(session);
    session.welcomed = true;
    if (greeting === undefined) return;
    if (answer.create === null) return this.#ports.invalidate(session, 'no user');
    greeting.snapshot = parseOwn<UserSnapshot>(answer.create.d);
    if (session.traits.own) {
      const listed = (answer.guilds ?? []).filter(([guild]) => onShard(guild, session.traits.shard));
      return this.#ready(session, greeting, greeting.snapshot, new Map(listed.map(([guild]) => [guild, null])));
    }
    session.gathered = new Map();
    greeting.timer = this.#ports.clock.after(this.#ports.limits.readyMs, () => this.settled(session));
  }

  /**
   * True: the guild's snapshot goes into READY, and no GUILD_CREATE is sent. No op 11 can overtake a frame, so READY has an end: a slow line must
   * bring it before the client misses the answer to its heartbeat.
   */
  gather(session: Session, owner: OwnerKey, create: Body): boolean {
    const { gathered } = session;
    const greeting = this.#waiting.get(session);
    if (greeting === undefined || gathered === null || gathered.has(owner)) return false;
    const { readyBytes } = this.#ports.limits;
    // Counted only from when it may be too much: to count a text is to write it out.
    if (!greeting.isCounted && greeting.bytes + MOST_BYTES * create.d.length > readyBytes) {
      greeting.bytes = [...gathered.values()].reduce((sum, text) => sum + wireBytes(text), 0);
      greeting.isCounted = true;
    }
    const bytes = greeting.bytes + (greeting.isCounted ? wireBytes(create.d) : MOST_BYTES * create.d.length);
    if (bytes > readyBytes && gathered.size > 0) {
      greeting.beyond.add(owner);
      return false;
    }
    greeting.bytes = bytes;
    gathered.set(owner, create.d);
    return true;
  }

  /** Every guild has answered, or the time is over. */
  settled(session: Session): void {
    const greeting = this.#waiting.get(session);
    const { gathered } = session;
    if (greeting === undefined || greeting.snapshot === null || gathered === null) return;
    const guilds = new Map<OwnerKey, string | null>(gathered);
    for (const { owner } of session.attachments) {
      if (owner.startsWith('g:') && !guilds.has(owner)) guilds.set(owner, null);
    }
    this.#ready(session, greeting, greeting.snapshot, guilds);
  }

  #ready(
    session: Session,
    greeting: Greeting,
    snapshot: UserSnapshot,
    guilds: ReadonlyMap<OwnerKey, string | null>,
  ): void {
    const { id, shard, version } = session.traits;
    const full = session.person;
    const d = readyData({ version, session: id, url: greeting.url, shard, snapshot, guilds, full });
    session.gathered = null;
    for (const [owner, json] of guilds) {
      if (json === null && !greeting.beyond.has(owner)) session.promised.add(owner);
    }
    session.keepBody(session.readyAt, { t: 'READY', d, cls: 0, full: null });
    this.drop(session);
    this.#ports.pump(session);
  }
}
