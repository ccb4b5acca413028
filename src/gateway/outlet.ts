/**
 * Log position, publish and subscription are one step: what is in the log has been published, and a session is subscribed exactly
 * when it has been written everything before. The only caller of `publish`.
 */
import type { Clock } from '../base/clock.ts';
import { wireBytes } from '../base/text.ts';
import { passes, passesShared } from '../protocol/body.ts';
import type { Body } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { userKey } from '../protocol/ids.ts';
import type { Attachment } from './attachment.ts';
import { dispatch } from './frames.ts';
import type { GatewayLimits } from './limits.ts';
import type { Entry, Log } from './log.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Session } from './session.ts';
import type { Subscriptions } from './subscriptions.ts';
import { bodyFor, sharedBody, variantOf } from './variants.ts';

export interface OutletPorts {
  readonly log: Log;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly subscriptions: Subscriptions;
  /** Writes to every socket of this worker that is subscribed. */
  readonly publishTopic: (topic: string, frame: string) => void;
  /** A session that went on live must go on by its cursor. */
  readonly fellBehind: (session: Session) => void;
  /** Its numbers end: it must identify again. */
  readonly exhausted: () => void;
}

export class Outlet {
  readonly #ports: OutletPorts;
  /** Own streams with gathered frames, and sessions that fell behind; seen to when the flush ends. */
  readonly #corked = new Set<Session>();
  readonly #behind = new Set<Session>();
  #flushing = false;
  /** Of this flush: bytes published, events for a topic. */
  bytes = 0;
  events = 0;

  constructor(ports: OutletPorts) {
    this.#ports = ports;
  }

  get log(): Log {
    return this.#ports.log;
  }

  /** What happens inside leaves together. */
  flush(work: () => void): void {
    this.#flushing = true;
    this.bytes = 0;
    this.events = 0;
    try {
      work();
    } finally {
      this.#flushing = false;
      this.#finish();
    }
    const { log, limits, exhausted } = this.#ports;
    if (log.numberOf(log.head) > limits.logPosition) exhausted();
  }

  /** One event for everybody who holds the topic. */
  publish(owner: OwnerKey, topic: string, body: Body): void {
    const { log, clock, metrics, subscriptions } = this.#ports;
    const entry = log.append(owner, topic, body, clock.monotonic());
    metrics.published += 1;
    this.events += 1;
    const subscribers = subscriptions.of(topic);
    if (subscribers === undefined) return;
    for (const mask of subscribers.shared.keys()) {
      if (!passesShared(body, mask)) continue;
      const frame = dispatch(body.t, log.numberOf(entry.position), sharedBody(body, mask));
      this.#ports.publishTopic(variantOf(topic, mask), frame);
      metrics.publishes += 1;
      this.bytes += wireBytes(frame);
    }
    for (const [session, mask] of subscribers.own) {
      if (passes(body, mask, session.traits.user)) this.#cork(session, entry);
    }
    if (!this.#flushing) this.#finish();
  }

  /** Owed to one session: an entry of its own topic. */
  owe(session: Session, owner: OwnerKey, body: Body): void {
    const { log, clock, limits } = this.#ports;
    if (!passes(body, session.widest, session.traits.user)) return;
    const big = body.d.length >= limits.bigBodyBytes;
    const entry = log.append(owner, session.topic, big ? null : body, clock.monotonic());
    if (big) session.keepBody(entry.position, body);
    if (session.live) {
      if (session.traits.own) this.#cork(session, entry);
      else this.#writeShared(session, entry, body);
    }
    if (!this.#flushing) this.#finish();
  }

  /** The place of READY, whose body is made later. */
  reserve(session: Session): void {
    const { log, clock } = this.#ports;
    log.append(userKey(session.traits.user), session.topic, null, clock.monotonic());
  }

  // --- topics

  hold(session: Session, attachment: Attachment, name: string): void {
    // Most hold the owner's own topic, which is its key: one text for all of them, and not what came with each answer.
    const topic = name === attachment.owner ? attachment.owner : name;
    if (attachment.topics.has(topic)) return;
    attachment.topics.add(topic);
    const hold = session.holds.open(topic, attachment.mask, this.log.head + 1);
    if (session.live) this.#ports.subscriptions.add(session, hold);
  }

  release(session: Session, attachment: Attachment, topic: string): void {
    attachment.topics.delete(topic);
    const hold = session.holds.release(topic, this.log.head + 1);
    if (hold !== undefined && session.live) this.#ports.subscriptions.remove(session, hold);
  }

  /** At the head of the log, in the same turn: nothing is missed and nothing comes twice. */
  goLive(session: Session): void {
    session.live = true;
    this.#ports.metrics.live += 1;
    for (const hold of session.holds.currents()) this.#ports.subscriptions.add(session, hold);
  }

  /** The cursor goes on from the first entry that was not written, which a flush under way knows itself. */
  rest(session: Session, next?: number): void {
    if (session.live) {
      this.#ports.metrics.live -= 1;
      for (const hold of session.holds.currents()) this.#ports.subscriptions.remove(session, hold);
    }
    session.rest(this.log, next);
    this.#corked.delete(session);
    this.#behind.delete(session);
  }

  /** What is published does not ask what a socket buffers: who does not keep up goes on by the cursor, at `drain`. */
  pace(session: Session): void {
    const { limits, metrics } = this.#ports;
    if (!session.live || session.connection?.state !== 'bound') return;
    if (session.connection.socket.buffered() <= limits.pacedBytes) return;
    this.rest(session);
    metrics.paced += 1;
  }

  // --- inside

  #cork(session: Session, entry: Entry): void {
    session.corked ??= [];
    session.corked.push(entry);
    this.#corked.add(session);
  }

  #writeShared(session: Session, entry: Entry, body: Body): void {
    const { connection } = session;
    if (connection === null || !connection.writable || wireBytes(body.d) > this.#writable) {
      this.#fallBehind(session, entry.position);
      return;
    }
    const { mask, user } = session.traits;
    connection.socket.send(dispatch(body.t, this.log.numberOf(entry.position), bodyFor(body, mask, user)));
    this.#ports.metrics.written += 1;
  }

  #fallBehind(session: Session, position: number): void {
    this.rest(session, position);
    this.#behind.add(session);
  }

  #finish(): void {
    for (const session of this.#corked) this.#uncork(session);
    this.#corked.clear();
    const behind = [...this.#behind];
    this.#behind.clear();
    for (const session of behind) this.#ports.fellBehind(session);
  }

  /** One write per socket and flush; a session that is owed too much in one step goes on by its cursor. */
  #uncork(session: Session): void {
    const { connection, corked } = session;
    session.corked = null;
    if (connection === null || corked === null) return;
    const { mask, user } = session.traits;
    let room = this.#writable - connection.socket.buffered();
    const frames: string[] = [];
    let rest: number | null = null;
    for (const entry of corked) {
      const body = session.bodyOf(entry);
      const d = body === null ? null : bodyFor(body, mask, user);
      if (body === null || d === null || wireBytes(d) > room) {
        rest = entry.position;
        break;
      }
      const frame = dispatch(body.t, session.numbers.give(entry.position, true, this.log), d);
      room -= wireBytes(frame);
      frames.push(frame);
    }
    connection.socket.cork(() => {
      for (const frame of frames) connection.socket.send(frame);
    });
    this.#ports.metrics.written += frames.length;
    if (rest !== null) this.#fallBehind(session, rest);
  }

  get #writable(): number {
    return this.#ports.limits.writableBytes;
  }
}
