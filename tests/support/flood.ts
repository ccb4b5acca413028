/**
 * Too much load, a process of its own: one argument, a FloodPlan as JSON; one line on standard output at the end, a FloodReport. HTTP goes over raw
 * sockets, because a client that costs as much as the server cannot offer ten times what it sustains.
 */
import type { Socket } from 'bun';

/** A reaction stands for every command that is ordinary. */
export const KINDS = ['message', 'read', 'typing', 'reaction'] as const;
export type Kind = (typeof KINDS)[number];

export interface FloodPlan {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly channel: string;
  /** Gets the reactions. */
  readonly message: string;
  readonly seconds: number;
  /** Requests a second; null: as many as the connections take. */
  readonly rate: number | null;
  readonly connections: number;
  /** Sockets that update their presence all the time, and sockets that identify again and again. */
  readonly presences: number;
  readonly identifies: number;
  /** Told apart from the messages of other floods. */
  readonly name: string;
}

export interface Answers {
  offered: number;
  readonly byStatus: Record<string, number>;
  /** Of those that were taken (2xx), milliseconds. */
  p99Ms: number;
}

export interface FloodReport {
  readonly answers: Readonly<Record<Kind, Answers>>;
  /** Ids of the messages that were acknowledged. */
  readonly acknowledged: readonly string[];
  /** Of them, those that a session which listened all the time did not get. */
  readonly undelivered: readonly string[];
  readonly typingsHeard: number;
  readonly ready: number;
  /** op 9 to an identify. */
  readonly sentAway: number;
  /** Requests that no connection was free for. */
  readonly unsent: number;
  /** The first answers that are neither 2xx nor 429. */
  readonly strange: readonly string[];
}

interface Line {
  kind: Kind;
  since: number;
  free: boolean;
  buffered: string;
}

const TICK_MS = 5;
const SETTLE_MS = 20_000;
const STRANGE = 8;
/** Two frames a second are allowed. */
const PRESENCE_MS = 700;

class Flood {
  readonly answers: Record<Kind, Answers>;
  readonly acknowledged: string[] = [];
  readonly heard = new Set<string>();
  readonly #times: Record<Kind, number[]> = { message: [], read: [], typing: [], reaction: [] };
  readonly #free: Socket<Line>[] = [];
  readonly #timers: Timer[] = [];
  readonly #sockets = new Set<WebSocket>();
  typingsHeard = 0;
  ready = 0;
  sentAway = 0;
  unsent = 0;
  readonly strange: string[] = [];
  #sent = 0;
  #busy = 0;
  #over = false;

  /** Method and path. */
  readonly #lines: Readonly<Record<Kind, string>>;

  constructor(readonly plan: FloodPlan) {
    const channel = `/api/v10/channels/${plan.channel}`;
    this.#lines = {
      message: `POST ${channel}/messages`,
      read: `GET ${channel}/messages?limit=10`,
      typing: `POST ${channel}/typing`,
      reaction: `PUT ${channel}/messages/${plan.message}/reactions/%F0%9F%91%8D/@me`,
    };
    const none = (): Answers => ({ offered: 0, byStatus: {}, p99Ms: 0 });
    this.answers = { message: none(), read: none(), typing: none(), reaction: none() };
  }

  async run(): Promise<FloodReport> {
    const { plan } = this;
    await this.#listen();
    await Promise.all(Array.from({ length: plan.connections }, () => this.#connect()));
    for (let n = 0; n < plan.presences; n += 1) this.#changePresence(n);
    for (let n = 0; n < plan.identifies; n += 1) this.#identify(n);
    const began = performance.now();
    while (performance.now() - began < plan.seconds * 1000) {
      this.#offer((performance.now() - began) / 1000);
      await Bun.sleep(TICK_MS);
    }
    this.#over = true;
    await this.#settle();
    for (const timer of this.#timers) clearInterval(timer);
    for (const socket of this.#sockets) socket.terminate();
    for (const kind of KINDS) {
      const times = this.#times[kind].sort((a, b) => a - b);
      this.answers[kind].p99Ms = Math.round(times[Math.floor(times.length * 0.99)] ?? 0);
    }
    const { answers, acknowledged, typingsHeard, ready, sentAway, unsent, strange } = this;
    const undelivered = acknowledged.filter((id) => !this.heard.has(id));
    return { answers, acknowledged, undelivered, typingsHeard, ready, sentAway, unsent, strange };
  }

  /** What is due by now; without a rate, all that is free. */
  #offer(elapsed: number): void {
    const { rate } = this.plan;
    let due = rate === null ? this.#free.length : Math.floor(rate * elapsed) - this.#sent;
    for (; due > 0; due -= 1) {
      this.#sent += 1;
      const kind = KINDS[this.#sent % KINDS.length] ?? 'read';
      this.answers[kind].offered += 1;
      const socket = this.#free.pop();
      if (socket === undefined) this.unsent += 1;
      else this.#send(socket, kind);
    }
  }

  #send(socket: Socket<Line>, kind: Kind): void {
    const { tokens, name } = this.plan;
    const token = tokens[this.#sent % tokens.length] ?? '';
    const body = kind === 'message' ? JSON.stringify({ content: `${name} ${this.#sent}` }) : '';
    const head = `${this.#lines[kind]} HTTP/1.1\r\nhost: flood\r\n`;
    const type = body === '' ? '' : 'content-type: application/json\r\n';
    Object.assign(socket.data, { kind, since: performance.now(), free: false, buffered: '' });
    this.#busy += 1;
    socket.write(`${head}authorization: ${token}\r\n${type}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  async #connect(): Promise<void> {
    const data: Line = { kind: 'read', since: 0, free: true, buffered: '' };
    const socket = await Bun.connect<Line>({
      hostname: '127.0.0.1',
      port: this.plan.port,
      data,
      socket: { data: (from, chunk) => this.#hear(from, chunk), close: (from) => this.#lost(from) },
    });
    this.#free.push(socket);
  }

  #lost({ data }: Socket<Line>): void {
    if (data.free) return;
    data.free = true;
    this.#busy -= 1;
    this.#count(data.kind, 'cut');
  }

  #hear(socket: Socket<Line>, chunk: Buffer): void {
    const { data } = socket;
    data.buffered += chunk.toString('latin1');
    const end = data.buffered.indexOf('\r\n\r\n');
    if (end === -1) return;
    if (!isWhole(data.buffered, end)) return;
    const status = data.buffered.slice(9, 12);
    this.#count(data.kind, status);
    if (!/^(?:2..|429)$/.test(status) && this.strange.length < STRANGE) {
      this.strange.push(`${data.kind}: ${data.buffered.slice(end + 4)}`);
    }
    if (status[0] === '2') this.#times[data.kind].push(performance.now() - data.since);
    if (data.kind === 'message' && status === '200') {
      this.acknowledged.push((JSON.parse(data.buffered.slice(end + 4)) as { id: string }).id);
    }
    data.free = true;
    this.#busy -= 1;
    this.#free.push(socket);
  }

  #count(kind: Kind, status: string): void {
    const { byStatus } = this.answers[kind];
    byStatus[status] = (byStatus[status] ?? 0) + 1;
  }

  /** A session that hears everything. */
  #listen(): Promise<void> {
    return new Promise((resolve) => {
      this.#session(0, (socket, t, d) => {
        if (t === 'READY') {
          this.#timers.push(setInterval(() => socket.send('{"op":1,"d":null}'), 5000));
          resolve();
        }
        if (t === 'MESSAGE_CREATE') this.heard.add(String(d.id));
        if (t === 'TYPING_START') this.typingsHeard += 1;
      });
    });
  }

  #changePresence(n: number): void {
    this.#session(n, (socket, t) => {
      if (t !== 'READY') return;
      let turn = 0;
      const change = (): void => {
        turn += 1;
        const d = { since: null, activities: [], status: turn % 2 === 0 ? 'online' : 'idle', afk: false };
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ op: 3, d }));
      };
      this.#timers.push(setInterval(change, PRESENCE_MS));
    });
  }

  /** Comes, and comes again when it is in or was sent away. */
  #identify(n: number): void {
    if (this.#over) return;
    const again = (socket: WebSocket): void => {
      socket.close();
      this.#identify(n);
    };
    this.#session(
      n,
      (socket, t) => {
        if (t !== 'READY') return;
        this.ready += 1;
        again(socket);
      },
      (socket) => {
        this.sentAway += 1;
        again(socket);
      },
    );
  }

  #session(
    n: number,
    hear: (socket: WebSocket, t: string | null, d: Record<string, unknown>) => void,
    refused: (socket: WebSocket) => void = () => {},
  ): void {
    const { port, tokens } = this.plan;
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?v=10&encoding=json`);
    this.#sockets.add(socket);
    const d = { token: tokens[n % tokens.length], properties: {} };
    socket.addEventListener('open', () => socket.send(JSON.stringify({ op: 2, d })));
    socket.addEventListener('close', () => this.#sockets.delete(socket));
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(String(data)) as { op: number; t: string | null; d: Record<string, unknown> };
      if (frame.op === 9) refused(socket);
      else hear(socket, frame.t, frame.d);
    });
  }

  /** Every request has its answer, and what was acknowledged is heard. */
  async #settle(): Promise<void> {
    const end = performance.now() + SETTLE_MS;
    const isDone = (): boolean => this.#busy === 0 && this.acknowledged.every((id) => this.heard.has(id));
    while (!isDone() && performance.now() < end) await Bun.sleep(50);
  }
}

/** An answer with its body: long ones come in chunks. `end`: of its head. */
function isWhole(answer: string, end: number): boolean {
  const head = answer.slice(0, end);
  if (/\r\ntransfer-encoding: chunked/i.test(head)) return answer.endsWith('\r\n0\r\n\r\n');
  const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return answer.length >= end + 4 + length;
}

if (import.meta.main) {
  const report = await new Flood(JSON.parse(process.argv[2] ?? '{}') as FloodPlan).run();
  await Bun.write(Bun.stdout, `${JSON.stringify(report)}\n`);
  process.exit(0);
}
