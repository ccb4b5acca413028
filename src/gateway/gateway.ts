/** The WebSocket edge of one worker: sockets in, sessions kept, owners' entries out. */
import type { Directory } from '../actor/directory.ts';
import { sizeOfEntry } from '../actor/link.ts';
import { type Load, NO_LOAD } from '../actor/pressure.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import type { OutletEntry } from '../protocol/envelope.ts';
import { userKey, type WorkerId } from '../protocol/ids.ts';
import type { ResidenceMessage } from '../protocol/residence.ts';
import { Asks } from './asks.ts';
import { Attachments } from './attachments.ts';
import { Connection } from './connection.ts';
import { Cursor } from './cursor.ts';
import { Flush } from './flush.ts';
import { hello } from './frames.ts';
import { Greetings } from './greetings.ts';
import { type ClientFrame, type IdentifyData, parseFrame } from './handshake.ts';
import { Handshakes } from './handshakes.ts';
import { type Wish, wishOf } from './identify.ts';
import type { GatewayLimits } from './limits.ts';
import { Log } from './log.ts';
import { type Meaning, meaningOf } from './machine.ts';
import { type GatewayMetrics, newMetrics } from './metrics.ts';
import { Outlet } from './outlet.ts';
import { type OpenProbe, type ProbeLine, probeOpener } from './probe.ts';
import { Requests } from './requests.ts';
import { Residences } from './residences.ts';
import { Revoked } from './revoked.ts';
import { Session } from './session.ts';
import { Sessions } from './sessions.ts';
import type { Socket, SocketInfo } from './socket.ts';
import { SocketCounts } from './socket-counts.ts';
import { Subscriptions } from './subscriptions.ts';

export interface GatewayOptions extends Partial<ProbeLine> {
  readonly self: WorkerId;
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  readonly authenticate: Authenticate;
  /** Writes a frame to every socket of this worker subscribed to the topic. */
  readonly publishTopic: (topic: string, frame: string) => void;
  readonly limits: GatewayLimits;
  /** Absent: nothing is ever too much. */
  readonly load?: Load;
  /** Whether bots that start sessions too often are sent away; absent: no. */
  readonly countsStarts?: boolean;
  readonly log?: (what: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** What an owner's link said, or that a worker died: nothing of that one follows. */
type Entry = { readonly from: WorkerId | null; readonly entry: OutletEntry } | { readonly died: WorkerId };

export class Gateway {
  readonly metrics: GatewayMetrics = newMetrics();
  readonly openProbe: OpenProbe;
  readonly #options: GatewayOptions;
  readonly #log: Log;
  readonly #subscriptions = new Subscriptions();
  readonly #outlet: Outlet;
  readonly #cursor: Cursor;
  readonly #flush: Flush<Entry>;
  readonly #sessions: Sessions;
  readonly #asks: Asks;
  readonly #attachments: Attachments;
  readonly #greetings: Greetings;
  readonly #residences: Residences;
  readonly #requests: Requests;
  readonly #connections = new Map<number, Connection>();
  readonly #counts: SocketCounts;
  readonly #revoked = new Revoked();
  #sockets = 0;
  #made = 0;
  readonly #handshakes: Handshakes;
  #stopped = false;
  #sweep: Timer;

  constructor(options: GatewayOptions) {
    const { directory, clock, random, limits, publishTopic, load = NO_LOAD } = options;
    const { metrics } = this;
    this.#options = options;
    this.#log = new Log(limits);
    this.#counts = new SocketCounts(limits);
    const pump = (session: Session): void => this.#cursor.pump(session);
    const invalidate = (session: Session, why: string): void => this.#sessions.invalidate(session, why);
    const outlet = new Outlet({
      log: this.#log,
      clock,
      limits,
      metrics,
      subscriptions: this.#subscriptions,
      publishTopic,
      fellBehind: pump,
      exhausted: () => this.#startAnew(),
    });
    this.#outlet = outlet;
    this.#cursor = new Cursor({ outlet, clock, limits, metrics, invalidate });
    this.#greetings = new Greetings({ clock, limits, pump, invalidate, done: (session) => this.#greeted(session) });
    const common = { directory, clock, limits, metrics, outlet };
    this.#sessions = new Sessions({
      ...common,
      pump,
      leave: (session) => this.#leave(session),
      ended: (session) => this.#residences.ended(session),
    });
    const sessions = this.#sessions;
    this.#asks = new Asks({ directory, clock, limits });
    this.#attachments = new Attachments({
      ...common,
      asks: this.#asks,
      sessions: sessions.byId,
      sessionsOf: (user) => sessions.ofUser(user),
      isGiven: (session, hop, owner) => this.#residences.hasGiven(session, hop, owner),
      invalidate,
      crowded: (session) => this.#crowded(session),
      welcome: (session, answer) => this.#greetings.welcome(session, answer),
      gather: (session, owner, create) => this.#greetings.gather(session, owner, create),
      settled: (session) => this.#settled(session),
    });
    const attachments = this.#attachments;
    this.openProbe = probeOpener({ openLine: null, ...options, outlet, sessions, attachments });
    const isRevoked = (token: string): boolean => this.#revoked.has(token);
    this.#residences = new Residences({
      ...common,
      sessions,
      attachments,
      connections: this.#connections,
      isRevoked,
    });
    const refuse = sessions.refuse.bind(sessions);
    const absent = { countsStarts: false, log: () => {} };
    this.#handshakes = new Handshakes({ ...absent, ...options, metrics, load, isRevoked, refuse });
    const owe = outlet.owe.bind(outlet);
    const wish = attachments.wish.bind(attachments);
    this.#requests = new Requests({ ...common, random, load, sessions: sessions.byId, owe, wish });
    this.#flush = new Flush<Entry>({
      outlet,
      clock,
      limits,
      metrics,
      take: (one) => ('died' in one ? attachments.died(one.died) : attachments.take(one.from, one.entry)),
      sizeOf: (one) => ('died' in one ? 0 : sizeOfEntry(one.entry)),
      isFollowed: (one) => 'entry' in one && one.entry.what === 'relay' && one.entry.relay.followed === true,
    });
    this.#sweep = clock.after(limits.sweepMs, () => this.#sweepNow());
  }

  // --- from the links

  /** An entry of an owner's link, in order. `from`: the worker whose link it is. */
  deliver(entry: OutletEntry, from: WorkerId | null = null): void {
    this.#flush.push({ from, entry });
  }

  residence(message: ResidenceMessage): void {
    this.#residences.take(message);
  }

  /** A worker is gone with its owners and sessions. The directory knows it already. */
  died(worker: WorkerId): void {
    // Its last answers may wait in the queue: who is attached by one of them must ask its next owner too.
    this.#flush.push({ died: worker });
    this.#residences.died(worker);
  }

  /** Tokens are worth nothing from now on: their sessions end, their sockets are closed with 4004. */
  revoke(hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#revoked.add(hash);
      for (const session of this.#sessions.ofToken(hash)) {
        session.connection?.close('authenticationFailed');
        this.#sessions.end(session);
      }
    }
  }

  /** Clients are sent elsewhere: op 7 and 1001. New sockets are refused. */
  stop(): void {
    this.#stopped = true;
    this.#sweep.cancel();
    for (const connection of [...this.#connections.values()]) {
      connection.reconnect();
      connection.close('goingAway');
    }
  }

  // --- from the sockets

  /** May one more socket open from this address? */
  admits(ip: string): boolean {
    const isRoom = !this.#stopped && this.#counts.admits(ip);
    if (!isRoom) this.metrics.socketsRefused += 1;
    return isRoom;
  }

  /** HELLO goes out at once: some clients identify without waiting for it (wire-rules.md rule 10). */
  opened(socket: Socket, info: SocketInfo): Connection {
    const { clock, limits } = this.#options;
    this.#sockets += 1;
    const connection = new Connection(this.#sockets, socket, info, limits, clock.monotonic());
    this.#connections.set(connection.number, connection);
    this.#counts.add(info.ip);
    this.metrics.sockets = this.#connections.size;
    socket.send(hello(limits.heartbeatMs));
    if (this.#stopped) connection.close('goingAway');
    return connection;
  }

  /** `text` null: a binary frame. */
  message(connection: Connection, text: string | null): void {
    const now = this.#options.clock.monotonic();
    if (connection.state === 'closed') return;
    connection.heard = now;
    if (!connection.frames.take(now)) return connection.close('rateLimited');
    if (text === null || Buffer.byteLength(text) > connection.frameBytes) return connection.close('decodeError');
    // What waited while a session was on its way here has come; nothing overtakes it.
    this.#replayWaiting(connection);
    this.#frame(connection, parseFrame(text));
  }

  pinged(connection: Connection): void {
    connection.pinged(this.#options.clock.monotonic());
  }

  drained(connection: Connection): void {
    const session = this.#sessionOf(connection);
    if (connection.drained() && session !== undefined) this.#cursor.pump(session);
  }

  /** The socket is gone; `code` as the client or this side gave it. */
  closed(connection: Connection, code: number): void {
    if (!this.#connections.delete(connection.number)) return;
    connection.state = 'closed';
    this.#counts.remove(connection.info.ip);
    this.#handshakes.done(connection);
    this.metrics.sockets = this.#connections.size;
    const { closedAs } = connection;
    if (closedAs !== null) this.metrics.closed[closedAs] += 1;
    const session = this.#sessionOf(connection);
    if (session === undefined) return;
    this.#sessions.detach(session);
    if (code === 1000 || code === 1001) this.#sessions.hide(session);
  }

  /** Counters that are read rather than counted. */
  measure(): GatewayMetrics {
    this.metrics.logEntries = this.#log.entries;
    this.metrics.logBytes = this.#log.bytes;
    this.metrics.variants = this.#subscriptions.variants;
    this.metrics.owners = this.#attachments.owners;
    this.metrics.handshakes = this.#handshakes.underWay;
    this.metrics.handshakesWaiting = this.#handshakes.waiting;
    this.metrics.homes = this.#residences.homes;
    this.metrics.given = this.#residences.given;
    return this.metrics;
  }

  // --- inside

  #sessionOf(connection: Connection): Session | undefined {
    return connection.session === null ? undefined : this.#sessions.byId.get(connection.session);
  }

  #frame(connection: Connection, frame: ClientFrame): void {
    const meaning = meaningOf(frame, connection.state);
    switch (meaning.does) {
      case 'close':
        return connection.close(meaning.close);
      case 'acknowledge':
        if (meaning.seq !== null) this.#sessionOf(connection)?.confirm(meaning.seq, this.#log);
        return connection.acknowledge();
      case 'identify':
        return this.#handshakes.identify(connection, meaning.identify.token, (account) => {
          this.#identify(connection, meaning.identify, account);
        });
      case 'resume':
        return this.#handshakes.resume(connection, meaning.token, (account) => {
          this.#resume(connection, meaning, account);
        });
      case 'wait':
        connection.waiting = [...connection.waiting, frame];
        if (connection.waiting.length > this.#options.limits.waitingFrames) connection.close('rateLimited');
        return;
      default:
        return this.#request(connection, meaning);
    }
  }

  #request(connection: Connection, meaning: Meaning): void {
    const session = this.#sessionOf(connection);
    if (session !== undefined) this.#requests.take(connection, session, meaning);
  }

  #identify(connection: Connection, data: IdentifyData, account: Account): void {
    const wish = wishOf(data, account);
    if (typeof wish === 'string') connection.close(wish);
    else if (!this.#sessions.makeRoom(account.record.user.id)) this.#sessions.refuse(connection, 'full');
    else return this.#welcome(connection, this.#make(connection, data, account, wish));
    this.#handshakes.done(connection);
  }

  #welcome(connection: Connection, session: Session): void {
    this.#sessions.add(session);
    this.#residences.born(session.id);
    this.#outlet.reserve(session);
    this.#greetings.begin(session, connection.info.url);
    this.#sessions.bind(session, connection);
    this.#attachments.attach(session, userKey(session.traits.user), 0);
    this.#replayWaiting(connection);
  }

  #make(connection: Connection, data: IdentifyData, account: Account, { own, mask, shard }: Wish): Session {
    const { self, random, limits, clock } = this.#options;
    this.#made += 1;
    const id = `${self}.${this.#made}.${random.secret(16)}`;
    const { user } = account.record;
    const { version } = connection.info;
    const traits = { id, user: user.id, token: account.tokenHash, own, mask, shard, version, hop: 0 };
    const session = new Session(traits, limits, this.#log.head + 1, clock.monotonic());
    session.presence = { ...data.presence, client: data.client };
    session.self = user;
    return session;
  }

  #resume(connection: Connection, { session, seq }: Extract<Meaning, { does: 'resume' }>, account: Account): void {
    connection.self = account.record.user;
    this.#residences.resume(connection, session, seq, account.tokenHash);
    this.#replayWaiting(connection);
  }

  /** What the client said while it waited. */
  #replayWaiting(connection: Connection): void {
    if (connection.state !== 'bound' || connection.waiting.length === 0) return;
    for (const frame of connection.waited()) this.#frame(connection, frame);
  }

  #leave(session: Session): void {
    const { id, hop, user } = session.traits;
    this.#greetings.drop(session);
    for (const { owner } of this.#attachments.leave(session)) this.#attachments.forget(owner, id, hop, user);
  }

  /** A bot in more guilds than one session may have. */
  #crowded(session: Session): void {
    session.connection?.close('shardingRequired');
    this.#sessions.end(session);
  }

  #greeted({ connection }: Session): void {
    if (connection !== null) this.#handshakes.done(connection);
  }

  #settled(session: Session): void {
    this.#greetings.settled(session);
    this.#residences.settled(session);
  }

  /** The shared counter comes near 32 bits: its sessions identify again (op 7, then op 9), and it counts from 1. */
  #startAnew(): void {
    for (const session of [...this.#sessions.byId.values()]) {
      if (session.traits.own) continue;
      const { connection } = session;
      connection?.reconnect();
      this.#sessions.end(session);
      if (connection?.state === 'bound') connection.reopen(this.#options.clock.monotonic());
    }
    this.#log.restart();
  }

  #sweepNow(): void {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    this.#log.age(now);
    this.#sessions.sweep(now);
    this.#asks.sweep(now);
    this.#handshakes.sweep(now);
    this.#requests.sweep(now);
    let strangers = 0;
    for (const connection of [...this.#connections.values()]) {
      this.#timeOut(connection, now);
      if (connection.state === 'open' || connection.state === 'busy') strangers += 1;
    }
    this.#counts.strangers = strangers;
    if (!this.#stopped) this.#sweep = clock.after(limits.sweepMs, () => this.#sweepNow());
  }

  #timeOut(connection: Connection, now: number): void {
    const { limits } = this.#options;
    const { state, since, heard, waitsFor } = connection;
    if (state === 'closed') return;
    if (state === 'bound') {
      this.#replayWaiting(connection);
      if (now - heard >= limits.zombieMs) connection.close('sessionTimedOut');
    } else if (state === 'busy' && waitsFor !== null && now - since >= limits.resumeMs) {
      this.#sessions.refuse(connection, 'no answer');
    } else if (now - since >= limits.identifyMs) connection.close('notAuthenticated');
  }
}
