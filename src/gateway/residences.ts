/**
 * Resume at the same and at another worker. The worker that made a session is its home: it knows where the session lives and lets it
 * move once at a time. A holder's refusal goes by way of home, so that it is never lost with the holder.
 */
import type { Directory } from '../actor/directory.ts';
import type { Clock } from '../base/clock.ts';
import type { OwnerKey, SessionId, WorkerId } from '../protocol/ids.ts';
import type { Move, ResidenceMessage, SessionExport } from '../protocol/residence.ts';
import type { Attachments } from './attachments.ts';
import type { Connection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';

export interface ResidencePorts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly outlet: Outlet;
  readonly sessions: Sessions;
  readonly attachments: Attachments;
  readonly connections: ReadonlyMap<number, Connection>;
  readonly isRevoked: (token: string) => boolean;
}

interface Home {
  at: WorkerId;
  /** The move under way, and who gives. */
  moving: Move | null;
  giver: WorkerId | null;
  waiting: readonly Move[];
}

/** Given away, but its new worker has not attached everywhere yet: if that one dies, this one tells the owners. */
interface Given {
  readonly session: SessionId;
  readonly to: WorkerId;
  /** Who gave it here, if this worker had not attached everywhere: it is told when the note is closed. */
  readonly before: WorkerId | null;
  readonly hop: number;
  readonly owners: readonly OwnerKey[];
  /** Owners that had it as being here after it had left: one that heard of its end before it heard of this stay would keep it. */
  readonly late: Set<OwnerKey>;
}

/** The first two parts of a session's id. */
export const homeOf = (session: SessionId): WorkerId => session.split('.').slice(0, 2).join('.');

const isSame = (a: Move | null, b: Move): boolean =>
  a !== null && a.session === b.session && a.to === b.to && a.socket === b.socket && a.s === b.s;

const noteOf = (session: SessionId, hop: number): string => `${session} ${hop}`;

const NONE: readonly never[] = [];

/** Moves of one session that wait for their turn. */
const WAITING = 16;

export class Residences {
  readonly #ports: ResidencePorts;
  readonly #homes = new Map<SessionId, Home>();
  /** By session and hop: it may come back and be given away again before it has settled. */
  readonly #given = new Map<string, Given>();
  readonly #dead = new Set<WorkerId>();

  constructor(ports: ResidencePorts) {
    this.#ports = ports;
  }

  /** Sessions made here that live, wherever that is. */
  get homes(): number {
    return this.#homes.size;
  }

  /** Sessions given away that have not settled where they are. */
  get given(): number {
    return this.#given.size;
  }

  get #self(): WorkerId {
    return this.#ports.directory.self;
  }

  born(session: SessionId): void {
    this.#homes.set(session, { at: this.#self, moving: null, giver: null, waiting: NONE });
  }

  take(message: ResidenceMessage): void {
    switch (message.r) {
      case 'locate':
        return this.#locate(message.move);
      case 'surrender':
        return this.#surrender(message.move);
      case 'refused':
        return this.#refused(message.move, message.why);
      case 'stays':
        return this.#stays(message.move, message.why, message.at);
      case 'given':
        return this.#underWay(message.move);
      case 'session':
        return this.#arrived(message.data, message.move);
      case 'moved':
        return this.#done(message.session, message.at);
      case 'settled':
        return this.#closeNote(message.session, message.hop);
      case 'ended':
        return this.#over(message.session);
    }
  }

  // --- at the worker with the socket

  /** `connection` has said op 6 with a good token. */
  resume(connection: Connection, session: SessionId, s: number, token: string): void {
    connection.state = 'busy';
    connection.waitsFor = session;
    const move: Move = { session, s, to: this.#self, socket: connection.number, token };
    if (this.#ports.sessions.byId.has(session)) return this.#resumeHere(move);
    const home = homeOf(session);
    if (this.#isDead(home)) return this.#ports.sessions.refuse(connection, 'gone');
    this.#send(home, { r: 'locate', move });
  }

  #resumeHere(move: Move): void {
    const { sessions, outlet } = this.#ports;
    const connection = this.#waitingSocket(move);
    if (connection === undefined) return;
    const session = sessions.byId.get(move.session);
    const place = session?.traits.token === move.token ? session.locate(move.s, outlet.log) : 'gone';
    if (session === undefined || typeof place === 'string') return sessions.refuse(connection, String(place));
    this.#unseat(session);
    session.goOn(place, outlet.log.skip());
    this.#bind(session, connection);
  }

  /** The older socket, if any, is closed. */
  #unseat(session: Session): void {
    const older = session.connection;
    this.#ports.sessions.unseat(session);
    older?.close('sessionTimedOut');
  }

  #bind(session: Session, connection: Connection): void {
    this.#ports.metrics.resumed += 1;
    this.#ports.sessions.bind(session, connection);
  }

  /** The socket that asked, unless it was closed or refused meanwhile: it may be identifying by now. */
  #waitingSocket({ socket, session }: Move): Connection | undefined {
    const connection = this.#ports.connections.get(socket);
    return connection?.state === 'busy' && connection.waitsFor === session ? connection : undefined;
  }

  #refused(move: Move, why: string): void {
    const connection = this.#waitingSocket(move);
    if (connection !== undefined) this.#ports.sessions.refuse(connection, why);
  }

  #arrived(data: SessionExport, move: Move): void {
    const { outlet, sessions, attachments, metrics, isRevoked } = this.#ports;
    if (data.own === false) outlet.log.raise(data.head);
    const session = this.#settleIn(data);
    metrics.moved += 1;
    const connection = this.#waitingSocket(move);
    const isWorthless = isRevoked(data.token);
    sessions.add(session);
    for (const standing of data.standings) attachments.resume(session, standing);
    if (connection === undefined || isWorthless) sessions.detached(session);
    else {
      session.goOn({ cursor: session.cursor, replay: [...session.numbers.sent] }, outlet.log.skip());
      this.#bind(session, connection);
    }
    this.#send(homeOf(data.id), { r: 'moved', session: data.id, at: this.#self });
    if (!isWorthless) return;
    connection?.close('authenticationFailed');
    sessions.end(session);
  }

  /** What was missed lies in this log, under the session's own topic. */
  #settleIn(data: SessionExport): Session {
    const { outlet, limits, clock } = this.#ports;
    const { id, user, token, own, shard, hop, version, intents: mask } = data;
    const now = clock.monotonic();
    const traits = { id, user, token, own, mask, shard, version, hop };
    const session = new Session(traits, limits, outlet.log.head + 1, now);
    session.welcomed = true;
    session.giver = data.from;
    session.presence = data.presence;
    for (const [guild, voice] of data.voices) session.voices.said(guild, voice);
    session.numbers.takeOver(data.lastS, data.clientS, data.past);
    for (const { numbers, body } of data.missed) {
      const big = body.d.length >= limits.bigBodyBytes;
      const { position } = outlet.log.append(`u:${user}`, session.topic, big ? null : body, now);
      if (big) session.keepBody(position, body);
      session.numbers.carry(position, numbers);
    }
    if (own) session.cursor = session.bornAt + session.numbers.sent.length;
    return session;
  }

  /** The new worker has attached everywhere, or it has told all owners that the session is over. */
  settled(session: Session): void {
    const { giver, id } = session;
    if (giver === null) return;
    session.giver = null;
    this.#send(giver, { r: 'settled', session: id, hop: session.traits.hop - 1 });
  }

  /** Given away with this hop, and not settled. */
  hasGiven(session: SessionId, hop: number, owner: OwnerKey): boolean {
    const note = this.#given.get(noteOf(session, hop));
    note?.late.add(owner);
    return note !== undefined;
  }

  #closeNote(session: SessionId, hop: number): void {
    const note = this.#given.get(noteOf(session, hop));
    if (note === undefined) return;
    this.#given.delete(noteOf(session, hop));
    for (const owner of note.late) this.#ports.attachments.forget(owner, session, hop);
    if (note.before !== null) this.#send(note.before, { r: 'settled', session, hop: hop - 1 });
  }

  // --- at home

  #locate(move: Move): void {
    const home = this.#homes.get(move.session);
    if (home === undefined || home.waiting.length >= WAITING) {
      return this.#send(move.to, { r: 'refused', move, why: 'gone' });
    }
    if (home.moving !== null) home.waiting = [...home.waiting, move];
    else this.#start(home, move);
  }

  #start(home: Home, move: Move): void {
    home.moving = move;
    home.giver = home.at;
    this.#send(home.at, { r: 'surrender', move });
  }

  /** Lost if the taker dies now. */
  #underWay(move: Move): void {
    const home = this.#homes.get(move.session);
    if (home === undefined || !isSame(home.moving, move)) return;
    home.at = move.to;
    if (this.#isDead(move.to)) this.#lost(move.session, home);
  }

  #stays(move: Move, why: string | null, at: WorkerId): void {
    if (why !== null) this.#send(move.to, { r: 'refused', move, why });
    if (this.#homes.has(move.session)) this.#done(move.session, at);
  }

  /** Also after it was given up for lost because the giver died: the taker alone has it. */
  #done(session: SessionId, at: WorkerId): void {
    const home = this.#homes.get(session) ?? { at, moving: null, giver: null, waiting: NONE };
    this.#homes.set(session, Object.assign(home, { at, moving: null, giver: null }));
    if (this.#isDead(at)) return this.#lost(session, home);
    const [next, ...later] = home.waiting;
    if (next === undefined) return;
    home.waiting = later;
    this.#start(home, next);
  }

  /** A session of this worker is over. */
  ended(session: Session): void {
    const { id } = session;
    this.settled(session);
    this.#send(homeOf(id), { r: 'ended', session: id });
  }

  #over(session: SessionId): void {
    const home = this.#homes.get(session);
    if (home !== undefined) this.#lost(session, home);
  }

  #lost(session: SessionId, home: Home): void {
    this.#homes.delete(session);
    const moves = home.moving === null ? home.waiting : [home.moving, ...home.waiting];
    for (const move of moves) this.#send(move.to, { r: 'refused', move, why: 'gone' });
  }

  died(worker: WorkerId): void {
    const { attachments, connections, sessions } = this.#ports;
    this.#dead.add(worker);
    for (const { session, to, hop, owners } of [...this.#given.values()]) {
      if (to !== worker) continue;
      for (const owner of owners) attachments.forget(owner, session, hop);
      this.#closeNote(session, hop);
    }
    for (const [session, home] of [...this.#homes]) {
      if (home.at === worker || home.giver === worker) this.#lost(session, home);
    }
    for (const connection of [...connections.values()]) {
      const { state, waitsFor } = connection;
      if (state === 'busy' && waitsFor !== null && homeOf(waitsFor) === worker) sessions.refuse(connection, 'gone');
    }
  }

  // --- at the worker that has the session

  #surrender(move: Move): void {
    const { sessions, outlet } = this.#ports;
    const session = sessions.byId.get(move.session);
    if (session !== undefined && move.to === this.#self) {
      this.#resumeHere(move);
      return this.#tellStays(move, null);
    }
    const isHis = session?.traits.token === move.token && !this.#isDead(move.to);
    const place = session !== undefined && isHis ? session.locate(move.s, outlet.log) : 'gone';
    if (session === undefined || typeof place === 'string') return this.#tellStays(move, String(place));
    this.#unseat(session);
    const data = this.#export(session, move, place);
    const owners = data.standings.map(({ owner }) => owner);
    const { id, hop } = data;
    this.#given.set(noteOf(id, hop - 1), {
      session: id,
      to: move.to,
      before: session.giver,
      hop: hop - 1,
      owners,
      late: new Set(),
    });
    this.#send(homeOf(session.id), { r: 'given', move });
    this.#send(move.to, { r: 'session', move, data });
  }

  #export(session: Session, move: Move, place: Exclude<ReturnType<Session['locate']>, string>): SessionExport {
    const { outlet, sessions, attachments } = this.#ports;
    const { log } = outlet;
    const { id, user, token, own, mask, shard, version, hop } = session.traits;
    const missed = session.missed(place, log);
    const past = session.numbers.stays(move.s, place, log);
    const standings = attachments.leave(session);
    sessions.remove(session);
    const counters = { head: log.numberOf(log.head), lastS: session.numbers.last, clientS: move.s };
    const { presence } = session;
    const traits = { id, user, token, own, intents: mask, shard, version, hop: hop + 1 };
    return { from: this.#self, ...traits, ...counters, past, missed, standings, presence, voices: session.voices.all };
  }

  #tellStays(move: Move, why: string | null): void {
    this.#send(homeOf(move.session), { r: 'stays', move, why, at: this.#self });
  }

  #isDead(worker: WorkerId): boolean {
    return this.#dead.has(worker) || !this.#ports.directory.workers().includes(worker);
  }

  #send(to: WorkerId, message: ResidenceMessage): void {
    this.#ports.directory.residence(to, message);
  }
}
