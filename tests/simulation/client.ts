/** A client and its sockets. It knows only what arrived; it resumes with the last `s` it saw, or lies. */
import type { Connection } from '../../src/gateway/connection.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import type { Socket } from '../../src/gateway/socket.ts';
import { PERSON_EVENTS, type Wished, wished } from '../../src/protocol/events.ts';
import type { Net } from './net.ts';
import type { Oracle } from './oracle.ts';

/** What a client and its sockets need of the town. */
export interface Town {
  readonly net: Net;
  readonly oracle: Oracle;
  readonly backpressureBytes: number;
  gatewayOf(worker: string): Gateway | undefined;
  topicsOf(worker: string): Map<string, Set<SimSocket>>;
  nextSocket(): number;
  /** A frame in the form that the oracle knows. */
  read(t: string, d: Record<string, unknown>): Record<string, unknown>;
  /** The reason of the op 9 that is being written; null: not known for sure. */
  whyRefused(worker: string): string | null;
}

export class SimSocket implements Socket {
  connection: Connection | null = null;
  readonly end: string;
  #open = true;
  #buffered = 0;

  constructor(
    readonly town: Town,
    readonly number: number,
    readonly worker: string,
    readonly client: Client,
  ) {
    this.end = `socket ${number}`;
    const gateway = town.gatewayOf(worker);
    this.connection = gateway?.opened(this, { ip: '127.0.0.1', version: 10, url: 'ws://town' }) ?? null;
  }

  send(text: string): number {
    if (!this.#open) return 0;
    if (this.#buffered > 0 && this.#buffered + text.length > this.town.backpressureBytes) {
      this.#cut('slow');
      return 0;
    }
    this.#buffered += text.length;
    const why = text.includes('"op":9,') ? this.town.whyRefused(this.worker) : null;
    this.town.net.send(this.worker, this.end, text.slice(0, 90), () => {
      this.#buffered -= text.length;
      this.client.receive(this, text, why);
      const gateway = this.town.gatewayOf(this.worker);
      if (this.#open && this.connection !== null) gateway?.drained(this.connection);
    });
    return -1;
  }

  buffered = (): number => this.#buffered;

  subscribe(topic: string): void {
    const topics = this.town.topicsOf(this.worker);
    topics.set(topic, (topics.get(topic) ?? new Set()).add(this));
  }

  unsubscribe(topic: string): void {
    this.town.topicsOf(this.worker).get(topic)?.delete(this);
  }

  cork(write: () => void): void {
    write();
  }

  close(code: number): void {
    this.#cut(`close ${code}`);
  }

  terminate(): void {
    this.#cut('terminate');
  }

  /** This side ends it: the client hears of it after what is buffered, the gateway in a later turn. */
  #cut(why: string): void {
    if (!this.#open) return;
    this.#end();
    this.town.net.send(this.worker, this.end, why, () => this.client.lost(this));
    this.town.net.send(`${this.worker}/loop`, this.worker, 'closed', () => this.#closed(1006));
  }

  /** The network drops it: the worker learns of it later. */
  dropped(): void {
    this.town.net.kill(this.end, Number.MAX_SAFE_INTEGER);
    this.town.net.send(this.end, this.worker, 'gone', () => {
      this.#end();
      this.#closed(1006);
    });
  }

  up(d: { readonly op: number; readonly d: unknown }): void {
    const text = JSON.stringify(d);
    this.town.net.send(this.end, this.worker, text.slice(0, 120), () => {
      const gateway = this.town.gatewayOf(this.worker);
      if (this.#open && this.connection !== null) gateway?.message(this.connection, text);
    });
  }

  #end(): void {
    this.#open = false;
    for (const sockets of this.town.topicsOf(this.worker).values()) sockets.delete(this);
  }

  #closed(code: number): void {
    if (this.connection !== null) this.town.gatewayOf(this.worker)?.closed(this.connection, code);
    this.connection = null;
  }
}

interface Frame {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: Record<string, unknown>;
}

export class Client {
  socket: SimSocket | null = null;
  session: string | null = null;
  s = 0;
  /** What its session says of itself. */
  status = 'online';
  readonly hungUp = new Set<string>();

  constructor(
    readonly town: Town,
    readonly name: number,
    readonly user: string,
    /** Intents: an own stream. Null: a person. */
    readonly intents: number | null,
  ) {}

  get token(): string {
    return `${this.intents === null ? 'person' : 'bot'}.${this.user}`;
  }

  /** Opens a socket at a worker; an older one is dropped. */
  connect(worker: string, claim = this.s): void {
    this.cut();
    this.socket = new SimSocket(this.town, this.town.nextSocket(), worker, this);
    if (this.session === null) return this.#identify(this.socket);
    this.town.oracle.claims(this, claim);
    this.s = claim;
    this.socket.up({ op: 6, d: { token: this.token, session_id: this.session, seq: claim } });
  }

  cut(): void {
    this.socket?.dropped();
    this.socket = null;
  }

  /** The worker has closed or died. */
  lost(socket: SimSocket): void {
    if (this.socket === socket) this.socket = null;
  }

  /** `why`: of op 9, which does not say it. */
  receive(socket: SimSocket, text: string, why: string | null): void {
    if (this.socket !== socket) return;
    const { op, t, s, d } = JSON.parse(text) as Frame;
    if (op === 9) {
      this.town.oracle.refused(this, why);
      this.session = null;
      return this.#identify(socket);
    }
    if (op !== 0 || s === null) return;
    this.s = s;
    if (t === 'READY') this.session = String(d.session_id);
    this.town.oracle.observes(this, s, String(t), this.town.read(String(t), d));
  }

  /** op 4. */
  speak(guild_id: string, channel_id: string | null): void {
    if (channel_id === null) this.hungUp.add(guild_id);
    this.socket?.up({ op: 4, d: { guild_id, channel_id, self_mute: false, self_deaf: false } });
  }

  /** op 14 of one guild, op 37 of several. Before READY nobody knows of any. */
  wish(guilds: readonly string[], wish: Wished): void {
    if (this.socket === null || this.session === null) return;
    for (const guild of guilds) this.town.oracle.wishes(this, guild, wished(PERSON_EVENTS, wish));
    const [guild_id] = guilds;
    const subscriptions = Object.fromEntries(guilds.map((guild) => [guild, wish]));
    this.socket.up(guilds.length === 1 ? { op: 14, d: { guild_id, ...wish } } : { op: 37, d: { subscriptions } });
  }

  /** op 3. */
  show(status = this.status): void {
    this.socket?.up({ op: 3, d: { status, activities: [], afk: false, since: null } });
  }

  /** op 1: confirms what it has seen. */
  beat(): void {
    this.socket?.up({ op: 1, d: this.s });
  }

  #identify(socket: SimSocket): void {
    this.status = 'online';
    this.hungUp.clear();
    const intents = this.intents === null ? {} : { intents: this.intents };
    socket.up({ op: 2, d: { token: this.token, properties: {}, ...intents } });
  }
}
