/** A session: its standing with its owners, the topics it held, and the cursor that says what is to be written next. Knows no links. */
import { Few } from '../base/few.ts';
import { FewBy } from '../base/few-by.ts';
import { heldBytes } from '../base/text.ts';
import { ALL_EVENTS, type Body, type Mask, type SessionPresence } from '../protocol/envelope.ts';
import type { OwnerKey, SessionId, Snowflake, WorkerId } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import type { Missed } from '../protocol/residence.ts';
import { sessionTopic } from '../protocol/topics.ts';
import type { Attachment } from './attachment.ts';
import type { BodyBudget } from './body-budget.ts';
import type { Connection } from './connection.ts';
import { RESUMED } from './frames.ts';
import { Holds } from './holds.ts';
import type { GatewayLimits } from './limits.ts';
import type { Entry, Log } from './log.ts';
import { Numbers, type Place } from './numbers.ts';
import { Voices } from './voices.ts';

/** What is written next. `again`: under this number, which it has had. */
export interface Due {
  readonly position: number;
  readonly body: Pick<Body, 't' | 'd'> | Body;
  readonly again: number | null;
}

export interface SessionTraits {
  readonly id: SessionId;
  readonly user: Snowflake;
  /** Hash of the token it was made with. */
  readonly token: string;
  /** Numbers of its own (tokens with intents), or those of the worker's log. */
  readonly own: boolean;
  /** Of every owner of which it has wished nothing else. */
  readonly mask: Mask;
  readonly shard: readonly [number, number] | null;
  readonly version: 9 | 10;
  readonly hop: number;
}

/** There are many sessions, and an empty list of its own takes 64 bytes. */
const NONE: readonly never[] = [];

const ownerOf = ({ owner }: Attachment): OwnerKey => owner;

export class Session {
  readonly attachments = new FewBy(ownerOf);
  readonly holds: Holds;
  readonly numbers: Numbers;
  connection: Connection | null = null;
  /** Subscribed; the cursor has no work. */
  live = false;
  /** First position not yet written. */
  cursor: number;
  /** Own stream, live: gathered until the flush ends. */
  corked: Entry[] | null = null;
  /** Position kept free for RESUMED, which follows what was missed and is never repeated. */
  resumedAt: number | null = null;
  replay: Place['replay'] = NONE;
  /** The worker it came from, until it is attached everywhere here. */
  giver: WorkerId | null = null;
  /** Position of READY. */
  readonly readyAt: number;
  /** Its user actor has answered. */
  welcomed = false;
  /** Snapshots gathered for READY, JSON by owner; null when READY is made, or takes none. */
  gathered: Map<OwnerKey, string> | null = null;
  /** Monotonic milliseconds: when it was made, when it lost its socket. */
  detachedAt = 0;
  /** Guilds that READY listed as unavailable: each is owed its GUILD_CREATE, or its GUILD_DELETE. */
  readonly promised = new Few<OwnerKey>();
  presence: SessionPresence | null = null;
  /** Others have been told that it is gone. */
  hidden = false;
  readonly voices = new Voices();
  /** Known while it has had a socket here. */
  self: PublicUser | null = null;
  /** Of all sessions of this worker; null before it is one of them, and after. */
  #budget: BodyBudget | null = null;
  /** While it keeps any. */
  #bodies: Map<number, { readonly body: Body; readonly bytes: number }> | null = null;
  #bodyBytes = 0;
  /** Highest position whose body was dropped. */
  #lostBody = 0;
  #replayed = 0;
  /** Where the cursor was before a resume took it back: the client may have got everything until there. */
  #reached = 0;

  constructor(
    readonly traits: SessionTraits,
    readonly limits: GatewayLimits,
    readonly bornAt: number,
    readonly bornAtMs: number,
  ) {
    this.cursor = bornAt;
    this.readyAt = bornAt;
    this.holds = new Holds(traits.user, limits.closedHolds);
    this.numbers = new Numbers(traits.own, bornAt, limits.unconfirmedNumbers);
    this.holds.open(this.topic, this.widest, bornAt);
  }

  get id(): SessionId {
    return this.traits.id;
  }

  get topic(): string {
    return sessionTopic(this.traits.id);
  }

  /** READY in full, the shared stream, no intents. */
  get person(): boolean {
    return !this.traits.own;
  }

  /** What may be owed to it alone: of the classes that a person can wish for, what he misses was chosen by the wish that held then. */
  get widest(): Mask {
    return this.person ? ALL_EVENTS : this.traits.mask;
  }

  // --- bodies that stay with the session

  keepBody(position: number, body: Body): void {
    const bytes = heldBytes(body.d);
    this.#bodies ??= new Map();
    this.#bodies.set(position, { body, bytes });
    this.#weigh(bytes);
    for (const oldest of this.#bodies.keys()) {
      if (this.#bodyBytes <= this.limits.bodyBytes || oldest === position) return;
      this.#dropBody(oldest);
    }
  }

  bodyOf(entry: Entry): Body | null {
    return entry.body ?? this.#bodies?.get(entry.position)?.body ?? null;
  }

  get keptBytes(): number {
    return this.#bodyBytes;
  }

  /** Null: it is no session of this worker any more. */
  weighIn(budget: BodyBudget | null): void {
    this.#budget?.left(this);
    this.#budget = budget;
    budget?.changed(this, this.#bodyBytes);
  }

  dropBodies(): void {
    for (const position of [...(this.#bodies?.keys() ?? [])]) this.#dropBody(position);
  }

  #dropBody(position: number): void {
    const bytes = this.#bodies?.get(position)?.bytes ?? 0;
    this.#bodies?.delete(position);
    if (this.#bodies?.size === 0) this.#bodies = null;
    this.#lostBody = Math.max(this.#lostBody, position);
    this.#weigh(-bytes);
  }

  #weigh(bytes: number): void {
    this.#bodyBytes += bytes;
    this.#budget?.changed(this, bytes);
  }

  // --- the cursor

  /** What is written next; `wait`: READY is not made yet; `lost`: it is gone; null: the head of the log. */
  next(log: Log): Due | 'wait' | 'lost' | null {
    const again = this.replay[this.#replayed];
    if (again !== undefined) {
      this.#replayed += 1;
      const entry = log.at(again.position);
      const body = entry === undefined ? null : this.bodyOf(entry);
      return body === null ? 'lost' : { position: again.position, body, again: again.s };
    }
    for (let entry = log.next(this.cursor); entry !== undefined; entry = log.next(this.cursor)) {
      if (this.resumedAt !== null && entry.position > this.resumedAt) break;
      if (this.holds.has(entry)) {
        const body = this.bodyOf(entry);
        if (body === null) return entry.position === this.readyAt && this.#lostBody < this.readyAt ? 'wait' : 'lost';
        this.cursor = entry.position + 1;
        return { position: entry.position, body, again: null };
      }
      this.cursor = entry.position + 1;
    }
    if (this.resumedAt !== null) return this.#resumed(this.resumedAt);
    this.cursor = Math.max(this.cursor, log.head + 1);
    return null;
  }

  #resumed(position: number): Due {
    this.resumedAt = null;
    this.cursor = Math.max(this.cursor, position + 1);
    return { position, body: RESUMED, again: null };
  }

  /** First position that it has not been given. */
  nextPosition(log: Log): number {
    return this.live ? (this.corked?.[0]?.position ?? log.head + 1) : this.cursor;
  }

  missesEvicted(cursor: number, log: Log): boolean {
    return this.#lostBody >= cursor || this.holds.missesEvicted(cursor, log);
  }

  /** op 1: what the client has need not be kept. */
  confirm(s: number, log: Log): void {
    const upTo = this.numbers.confirm(s, this.nextPosition(log), log);
    if (upTo === null) return;
    for (const position of [...(this.#bodies?.keys() ?? [])]) if (position <= upTo) this.#dropBody(position);
    if (this.traits.own) this.holds.forgetBefore(this.nextPosition(log));
  }

  // --- resume

  locate(s: number, log: Log): Place | 'unknown number' | 'evicted' {
    const place = this.numbers.locate(s, Math.max(this.#reached, this.nextPosition(log)), log);
    if (place === null) return 'unknown number';
    const has = (position: number): boolean => {
      const entry = log.at(position);
      return entry !== undefined && this.bodyOf(entry) !== null;
    };
    if (this.missesEvicted(place.cursor, log) || !place.replay.every(({ position }) => has(position))) return 'evicted';
    return place;
  }

  goOn(place: Place, resumedAt: number): void {
    this.cursor = place.cursor;
    this.replay = place.replay;
    this.#replayed = 0;
    this.resumedAt = resumedAt;
  }

  /** The socket is gone or slow: what was being written starts over at the next resume. `next`: the first position that was not written. */
  rest(log: Log, next: number = this.nextPosition(log)): void {
    this.cursor = next;
    this.#reached = Math.max(this.#reached, this.cursor);
    this.live = false;
    this.corked = null;
    this.replay = NONE;
    this.#replayed = 0;
    this.resumedAt = null;
  }

  /** A move: all that comes after the client's number. Own streams keep its number, shared ones all the numbers it has had. */
  missed(place: Place, log: Log): Missed[] {
    const missed: Missed[] = [];
    for (const { s, position } of place.replay) {
      const entry = log.at(position);
      const body = entry === undefined ? null : this.bodyOf(entry);
      if (body !== null) missed.push({ numbers: [s], body });
    }
    for (let entry = log.next(place.cursor); entry !== undefined; entry = log.next(entry.position + 1)) {
      const body = this.holds.has(entry) ? this.bodyOf(entry) : null;
      if (body !== null) missed.push({ numbers: this.numbers.numbersOf(entry.position, log), body });
    }
    return missed;
  }
}
