/** The sessions of this worker: bound, detached, ended; all counts bounded. */
import type { Directory } from '../actor/directory.ts';
import type { Clock } from '../base/clock.ts';
import { type SessionId, type Snowflake, userKey } from '../protocol/ids.ts';
import { BodyBudget } from './body-budget.ts';
import type { Connection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';
import type { Session } from './session.ts';

export interface SessionPorts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly outlet: Outlet;
  readonly pump: (session: Session) => void;
  /** The session leaves its owners; they are told to forget it. */
  readonly leave: (session: Session) => void;
  /** Its home is told. */
  readonly ended: (session: Session) => void;
}

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #byId = new Map<SessionId, Session>();
  readonly #byUser = new Map<Snowflake, Set<Session>>();
  readonly #byToken = new Map<string, Set<Session>>();
  /** In the order of their detachment. */
  readonly #detached = new Set<Session>();
  readonly #bodies: BodyBudget;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#bodies = new BodyBudget(ports.limits.keptBytes);
  }

  get byId(): ReadonlyMap<SessionId, Session> {
    return this.#byId;
  }

  ofUser(user: Snowflake): Iterable<Session> {
    return this.#byUser.get(user) ?? [];
  }

  ofToken(hash: string): readonly Session[] {
    return [...(this.#byToken.get(hash) ?? [])];
  }

  /** False: this user may not have one more. Sessions that lost their socket give way, the oldest first. */
  makeRoom(user: Snowflake): boolean {
    const { sessions, sessionsPerUser } = this.#ports.limits;
    // Those that moved here were not asked whether there is room.
    for (const session of this.#detachedOf(user)) {
      if (this.#countOf(user) < sessionsPerUser) break;
      this.#giveWay(session);
    }
    for (const session of this.#detached) {
      if (this.#byId.size < sessions) break;
      this.#giveWay(session);
    }
    return this.#byId.size < sessions && this.#countOf(user) < sessionsPerUser;
  }

  add(session: Session): void {
    const { id, user, token } = session.traits;
    this.#byId.set(id, session);
    addTo(this.#byUser, user, session);
    addTo(this.#byToken, token, session);
    session.weighIn(this.#bodies);
    this.#ports.metrics.sessions += 1;
  }

  /** It has come without a socket. */
  detached(session: Session): void {
    this.#rest(session);
  }

  /** Without telling anybody: it has moved. */
  remove(session: Session): void {
    const { id, user, token } = session.traits;
    if (!this.#byId.delete(id)) return;
    removeFrom(this.#byUser, user, session);
    removeFrom(this.#byToken, token, session);
    this.#detached.delete(session);
    session.weighIn(null);
    this.#ports.metrics.sessions -= 1;
    this.#count();
  }

  bind(session: Session, connection: Connection): void {
    session.connection = connection;
    connection.session = session.id;
    connection.state = 'bound';
    connection.waitsFor = null;
    if (session.person) connection.frameBytes = this.#ports.limits.personFrameBytes;
    session.self = connection.self ?? session.self;
    this.#detached.delete(session);
    this.#count();
    if (session.hidden) this.#present(session);
    this.#ports.pump(session);
  }

  /** The socket is gone or replaced; the session stays, and stays of interest to its owners. */
  detach(session: Session): void {
    if (this.#unbind(session)) this.#rest(session);
  }

  /** Its socket gives way to a newer one, here or elsewhere: nobody is detached, so no bound on those ends it or another one now. */
  unseat(session: Session): void {
    this.#unbind(session);
  }

  #unbind(session: Session): boolean {
    const { connection } = session;
    this.#ports.outlet.rest(session);
    if (connection === null) return false;
    session.connection = null;
    connection.session = null;
    return true;
  }

  /** What cannot go on is told so on the open socket. */
  invalidate(session: Session, why: string): void {
    const { connection } = session;
    this.end(session);
    if (connection !== null) this.refuse(connection, why);
  }

  refuse(connection: Connection, why: string): void {
    const { refused } = this.#ports.metrics;
    refused[why] = (refused[why] ?? 0) + 1;
    connection.refuse(this.#ports.clock.monotonic());
  }

  end(session: Session): void {
    const { directory, leave, ended } = this.#ports;
    if (!this.#byId.has(session.id)) return;
    this.#unbind(session);
    this.remove(session);
    const { id, user } = session.traits;
    directory.tell(userKey(user), { kind: 'sessionPresence', session: id, presence: null });
    leave(session);
    ended(session);
  }

  /** For others' eyes it is gone. */
  hide(session: Session): void {
    if (session.hidden) return;
    session.hidden = true;
    const { id, user } = session.traits;
    this.#ports.directory.tell(userKey(user), { kind: 'sessionPresence', session: id, presence: null });
  }

  sweep(now: number): void {
    const { detachedMs, offlineMs } = this.#ports.limits;
    for (const session of this.#byId.values()) this.#ports.outlet.pace(session);
    for (const session of [...this.#detached]) {
      if (now - session.detachedAt >= detachedMs) this.end(session);
      else if (now - session.detachedAt >= offlineMs) this.hide(session);
    }
  }

  #present(session: Session): void {
    session.hidden = false;
    const { presence, traits } = session;
    this.#ports.directory.tell(userKey(traits.user), { kind: 'sessionPresence', session: traits.id, presence });
  }

  #rest(session: Session): void {
    const { limits, clock } = this.#ports;
    session.detachedAt = clock.monotonic();
    this.#detached.add(session);
    this.#count();
    if (this.#detached.size > limits.detached) this.#endOldest(this.#detached);
    const his = this.#detachedOf(session.traits.user);
    if (his.length > limits.detachedPerUser) this.#endOldest(his);
  }

  #countOf(user: Snowflake): number {
    return this.#byUser.get(user)?.size ?? 0;
  }

  /** The oldest first. */
  #detachedOf(user: Snowflake): Session[] {
    const his = [...(this.#byUser.get(user) ?? [])].filter((one) => one.connection === null);
    return his.sort((a, b) => a.detachedAt - b.detachedAt);
  }

  #endOldest(oldestFirst: Iterable<Session>): void {
    for (const session of oldestFirst) return this.#giveWay(session);
  }

  #giveWay(session: Session): void {
    this.#ports.metrics.gaveWay += 1;
    this.end(session);
  }

  #count(): void {
    this.#ports.metrics.detached = this.#detached.size;
  }
}

function addTo(index: Map<string, Set<Session>>, key: string, session: Session): void {
  const set = index.get(key);
  if (set === undefined) index.set(key, new Set([session]));
  else set.add(session);
}

function removeFrom(index: Map<string, Set<Session>>, key: string, session: Session): void {
  const set = index.get(key);
  set?.delete(session);
  if (set?.size === 0) index.delete(key);
}
