/** A gateway client without a library: every frame as it came, and nothing sent that the test did not ask for. */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { Inbox } from './inbox.ts';

export interface Frame {
  readonly op: number;
  readonly t: string | null;
  readonly s: number | null;
  readonly d: unknown;
  /** As it came. */
  readonly text: string;
}

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export interface Identify {
  readonly token: string;
  /** Absent: a person's session. */
  readonly intents?: number;
  readonly [field: string]: unknown;
}

/** What READY says that a test needs. */
export interface Ready {
  readonly session_id: string;
  readonly resume_gateway_url: string;
  readonly user: { readonly id: string; readonly username: string };
  readonly guilds: readonly {
    readonly id: string;
    readonly unavailable?: boolean;
    readonly [field: string]: unknown;
  }[];
  readonly [field: string]: unknown;
}

/** All intents that are not about voice, invites or moderation: what the tests listen to. */
export const BOT_INTENTS =
  I.Guilds |
  I.GuildMembers |
  I.GuildMessages |
  I.GuildMessageReactions |
  I.GuildMessageTyping |
  I.DirectMessages |
  I.DirectMessageReactions |
  I.MessageContent;

const PROPERTIES = { os: 'linux', browser: 'tests', device: 'tests' };

export class RawGateway implements AsyncDisposable {
  readonly frames = new Inbox<Frame>((frame) => `op ${frame.op} ${frame.t ?? ''} ${frame.s ?? ''}`.trim());
  readonly closed: Promise<Closed>;
  readonly #socket: WebSocket;
  #over = false;
  #identity: Ready | null = null;
  #token = '';
  #seq: number | null = null;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason }) => {
        this.#over = true;
        this.frames.end(new Error(`the socket closed with ${code} ${reason}`));
        resolve({ code, reason });
      });
    });
    socket.addEventListener('message', ({ data }) => this.#hear(String(data)));
  }

  /** `base`: http://host:port; `path` is what follows it. Resolves when the socket is open. */
  static async open(base: string, path = '/?v=10&encoding=json'): Promise<RawGateway> {
    const socket = new WebSocket(`${base.replace(/^http/, 'ws')}${path}`);
    const gateway = new RawGateway(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => resolve(), { once: true });
      socket.addEventListener('error', () => reject(new Error(`no socket at ${base}${path}`)), { once: true });
    });
    return gateway;
  }

  /** Opens, identifies and waits for READY. */
  static async login(base: string, identify: Identify): Promise<RawGateway> {
    const gateway = await RawGateway.open(base);
    await gateway.identify(identify);
    return gateway;
  }

  /** Opens and resumes what `other` was; the answer is for the test to wait for. */
  static async resumeOf(base: string, other: RawGateway, seq = other.seq): Promise<RawGateway> {
    const gateway = await RawGateway.open(base);
    gateway.adopt(other);
    gateway.send(6, { token: other.token, session_id: other.ready.session_id, seq });
    return gateway;
  }

  /** The last number of a dispatch; null before the first. */
  get seq(): number | null {
    return this.#seq;
  }

  get token(): string {
    return this.#token;
  }

  get ready(): Ready {
    if (this.#identity === null) throw new Error('this socket has not identified');
    return this.#identity;
  }

  get open(): boolean {
    return !this.#over;
  }

  get dispatches(): Frame[] {
    return this.frames.items.filter((frame) => frame.op === 0);
  }

  send(op: number, d: unknown): void {
    this.sendText(JSON.stringify({ op, d }));
  }

  sendText(text: string): void {
    this.#socket.send(text);
  }

  sendBytes(bytes: Uint8Array<ArrayBuffer>): void {
    this.#socket.send(bytes);
  }

  async identify(identify: Identify): Promise<Ready> {
    this.#token = identify.token;
    const from = this.frames.mark;
    this.send(2, { properties: PROPERTIES, ...identify });
    const frame = await this.frames.until('READY', (it) => it.t === 'READY', { from });
    this.#identity = frame.d as Ready;
    return this.#identity;
  }

  /** Takes over who `other` was, so that this socket can be resumed in turn. */
  adopt(other: RawGateway): void {
    this.#identity = other.ready;
    this.#token = other.token;
    this.#seq = other.seq;
  }

  op(op: number, options: { from?: number; ms?: number } = {}): Promise<Frame> {
    return this.frames.until(`op ${op}`, (frame) => frame.op === op, options);
  }

  /** The first dispatch of that name, from index `from` on, whose `d` has all of `fields`. */
  dispatch<T = Record<string, unknown>>(
    name: string,
    fields: Readonly<Record<string, unknown>> = {},
    options: { from?: number; ms?: number } = {},
  ): Promise<T> {
    const matches = (frame: Frame): boolean => frame.t === name && hasAll(frame.d, fields);
    return this.frames.until(`${name} ${JSON.stringify(fields)}`, matches, options).then(({ d }) => d as T);
  }

  /** All dispatches of that name so far. */
  all<T = Record<string, unknown>>(name: string): T[] {
    return this.frames.items.filter((frame) => frame.t === name).map(({ d }) => d as T);
  }

  /** The socket goes without a close frame. */
  terminate(): void {
    this.#socket.terminate();
  }

  close(code = 1000): void {
    this.#socket.close(code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#over) this.#socket.terminate();
    await this.closed;
  }

  #hear(text: string): void {
    const { op, t, s, d } = JSON.parse(text) as Omit<Frame, 'text'>;
    if (op === 0 && s !== null) this.#seq = s;
    this.frames.push({ op, t, s, d, text });
  }
}

function hasAll(value: unknown, fields: Readonly<Record<string, unknown>>): boolean {
  const record = value as Readonly<Record<string, unknown>>;
  return Object.entries(fields).every(([key, wanted]) => record[key] === wanted);
}
