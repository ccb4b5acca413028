/** One socket's standing: how far its handshake is, what it owes to the client besides dispatches, and how often it speaks. */
import { CLOSES, type CloseName } from '../protocol/closes.ts';
import type { SessionId } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import type { ConnectionState } from './connection-state.ts';
import { FrameRate } from './frame-rate.ts';
import { HEARTBEAT_ACK, INVALID_SESSION, RECONNECT } from './frames.ts';
import type { ClientFrame } from './handshake.ts';
import type { GatewayLimits } from './limits.ts';
import type { Socket, SocketInfo } from './socket.ts';

const NONE: readonly never[] = [];

export class Connection {
  state: ConnectionState = 'open';
  session: SessionId | null = null;
  /** Resumes this session, which is elsewhere. */
  waitsFor: SessionId | null = null;
  /** When it last became open or busy, and when it last said anything. Monotonic milliseconds. */
  since: number;
  heard: number;
  /** Counts handshakes: what an earlier one was waiting for is no longer wanted. */
  attempt = 0;
  /** Frames that came while it was busy. */
  waiting: readonly ClientFrame[] = NONE;
  /** A longer frame is closed with 4002. */
  frameBytes: number;
  readonly frames: FrameRate;
  /** Whose token was accepted last. */
  self: PublicUser | null = null;
  /** Most sockets never send one of these. */
  #pings: FrameRate | null = null;
  #presences: FrameRate | null = null;
  /** Why the server closed it; null: it did not. */
  closedAs: CloseName | null = null;
  #owesAck = false;
  #owesReconnect = false;
  #owesRefusal = false;

  constructor(
    readonly number: number,
    readonly socket: Socket,
    readonly info: SocketInfo,
    readonly limits: GatewayLimits,
    now: number,
  ) {
    this.since = now;
    this.heard = now;
    this.frameBytes = limits.frameBytes;
    this.frames = new FrameRate(limits.frames, limits.frameWindowMs);
  }

  /** Nothing is written to a socket that buffers much: a small frame behind a big one would cut it. */
  get writable(): boolean {
    return this.state !== 'closed' && this.socket.buffered() <= this.limits.writableBytes;
  }

  get presences(): FrameRate {
    this.#presences ??= new FrameRate(this.limits.presences, this.limits.presenceWindowMs);
    return this.#presences;
  }

  /** A ping or pong of the protocol below, which the runtime answers by itself. A client sends a few a minute. */
  pinged(now: number): void {
    this.#pings ??= new FrameRate(this.limits.frames, this.limits.frameWindowMs);
    if (!this.#pings.take(now)) this.close('rateLimited');
  }

  acknowledge(): void {
    if (this.writable) this.socket.send(HEARTBEAT_ACK);
    else this.#owesAck = true;
  }

  close(name: CloseName): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.closedAs = name;
    const [code, reason] = CLOSES[name];
    this.socket.close(code, reason);
  }

  /** The client shall come back and resume. */
  reconnect(): void {
    if (this.writable) this.socket.send(RECONNECT);
    else this.#owesReconnect = true;
  }

  /** It has no session any more, and may identify. */
  reopen(now: number): void {
    this.state = 'open';
    this.session = null;
    this.waitsFor = null;
    this.waiting = NONE;
    this.since = now;
    this.attempt += 1;
  }

  /** Takes the frames that came while it was busy. */
  waited(): readonly ClientFrame[] {
    const { waiting } = this;
    this.waiting = NONE;
    return waiting;
  }

  /** op 9 on the open socket, which may identify then. */
  refuse(now: number): void {
    if (this.state === 'closed') return;
    this.reopen(now);
    if (this.writable) this.socket.send(INVALID_SESSION);
    else this.#owesRefusal = true;
  }

  /** What was owed while the socket was slow; true when dispatches may follow. */
  drained(): boolean {
    if (!this.writable) return false;
    if (this.#owesAck) this.socket.send(HEARTBEAT_ACK);
    if (this.#owesReconnect) this.socket.send(RECONNECT);
    if (this.#owesRefusal) this.socket.send(INVALID_SESSION);
    this.#owesAck = false;
    this.#owesReconnect = false;
    this.#owesRefusal = false;
    return true;
  }

  get owes(): boolean {
    return this.#owesAck || this.#owesReconnect || this.#owesRefusal;
  }
}
