/**
 * The twin of server.bun.ts for Deno, whose import map (deno.json) puts it in its place. Slower: topics are sets of sockets and `publish` is a
 * loop over them; who waits for `drain` is asked again and again. A socket cannot be cut without a close frame here: one that buffers too much
 * is given up, which means that nothing more is written to it and that the gateway is told that it is gone.
 */
import { type Clock, realClock, type Timer } from '../base/clock.ts';
import { CLOSES, type CloseName } from '../protocol/closes.ts';
import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayLimits } from './limits.ts';
import type { OpenLine } from './line.ts';
import {
  BUSY,
  type Listener,
  type RequestInfo,
  type ServerOptions,
  type Upgrade,
  upgradeOf,
  wantsSocket,
} from './server-ports.ts';
import type { Socket } from './socket.ts';

/** What is used of Deno's own interface. */
declare const Deno: {
  serve(
    options: { port: number; hostname: string; reusePort: boolean; onListen: () => void },
    handler: (request: Request, info: { remoteAddr: { hostname?: string } }) => Response | Promise<Response>,
  ): { readonly addr: { readonly port: number }; shutdown(): Promise<void> };
  upgradeWebSocket(request: Request, options: { idleTimeout: number }): { socket: WebSocket; response: Response };
};

/** How often sockets that buffer much are looked at. */
const DRAIN_MS = 10;
/** How long requests and sockets may take to end when the server stops. */
const GOODBYE_MS = 2000;
const TOO_LARGE = { status: 413 } as const;
/** No close frame was seen (RFC 6455, section 7.1.5). */
const ABNORMAL = 1006;

/** A gateway's sockets may come from several listeners (a test-only one per worker); `publish` reaches all of them. */
export class Server {
  #gateway: Gateway | null = null;
  readonly #topics = new Map<string, Set<DenoSocket>>();
  readonly #sockets = new Set<WebSocket>();
  /** Sockets that buffer too much to be written to, and whom to tell when they no longer do. */
  readonly #slow = new Map<DenoSocket, () => void>();
  readonly #clock: Clock = realClock;
  #watch: Timer | null = null;

  /** Given to the gateway as its `publishTopic`. */
  readonly publishTopic = (topic: string, frame: string): void => {
    for (const socket of this.#topics.get(topic) ?? []) socket.send(frame);
  };

  /** No socket to itself here: /health goes as far as the outlet. */
  readonly openLine: OpenLine | null = null;

  /** Must be called before `listen`. */
  serve(gateway: Gateway): void {
    this.#gateway = gateway;
  }

  listen(options: ServerOptions): Listener {
    const gateway = this.#gateway;
    if (gateway === null) throw new Error('the server has no gateway yet');
    const { port, hostname, reusePort } = options;
    const server = Deno.serve({ port, hostname, reusePort, onListen: () => {} }, (request, { remoteAddr }) =>
      this.#answer(request, { ip: options.clientOf(remoteAddr.hostname ?? '', request.headers) }, gateway, options),
    );
    return { port: server.addr.port, stop: (force) => this.#stop(server.shutdown(), force) };
  }

  /** What was written, and the close frames behind it, leave in later turns of the loop. What has not left then goes with the thread. */
  async #stop(shutdown: Promise<void>, force: boolean): Promise<void> {
    if (!force) return shutdown;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#clock.after(GOODBYE_MS, resolve);
    const closed = [...this.#sockets].map((ws) => new Promise((gone) => ws.addEventListener('close', gone)));
    await Promise.race([promise, Promise.all([shutdown, ...closed])]);
    timer.cancel();
  }

  #answer(request: Request, info: RequestInfo, gateway: Gateway, options: ServerOptions): Response | Promise<Response> {
    if (!wantsSocket(request)) {
      const isTooLarge = Number(request.headers.get('content-length') ?? 0) > options.maxRequestBytes;
      return isTooLarge ? new Response(null, TOO_LARGE) : options.fetch(request, info);
    }
    if (!gateway.admits(info.ip)) return new Response(null, BUSY);
    const upgrade = upgradeOf(request, info.ip, options.publicUrl);
    const upgraded = upgrade === null ? null : upgradeSocket(request, options.limits);
    if (upgrade === null || upgraded === null) return new Response(null, { status: 400 });
    this.#hold(upgraded.socket, upgrade, gateway, options.limits);
    return upgraded.response;
  }

  #hold(ws: WebSocket, { info, refusal }: Upgrade, gateway: Gateway, limits: GatewayLimits): void {
    let connection: Connection | null = null;
    const socket = new DenoSocket(ws, limits, this.#topics, {
      slow: () => {
        this.#slow.set(socket, () => connection !== null && gateway.drained(connection));
        this.#watch ??= this.#clock.after(DRAIN_MS, () => this.#lookAtSlow());
      },
      gone: (code) => {
        this.#slow.delete(socket);
        if (connection !== null) gateway.closed(connection, code);
      },
    });
    ws.onopen = () => {
      this.#sockets.add(ws);
      if (refusal === null) connection = gateway.opened(socket, info);
      else socket.close(...closeOf(refusal));
    };
    ws.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (connection === null || socket.isGone) return;
      if (typeof data !== 'string') gateway.message(connection, null);
      else if (Buffer.byteLength(data) > limits.frameHardBytes) socket.terminate();
      else gateway.message(connection, data);
    };
    // An error is followed by `close`.
    ws.onerror = () => {};
    ws.onclose = ({ code }) => {
      this.#sockets.delete(ws);
      socket.leave(code);
    };
  }

  /** Stands in for the event `drain`. */
  #lookAtSlow(): void {
    this.#watch = null;
    for (const [socket, drained] of [...this.#slow]) {
      if (socket.isSlow) continue;
      this.#slow.delete(socket);
      drained();
    }
    if (this.#slow.size > 0) this.#watch ??= this.#clock.after(DRAIN_MS, () => this.#lookAtSlow());
  }
}

const closeOf = (name: CloseName): readonly [code: number, reason: string] => CLOSES[name];

/** Null: the request is no complete upgrade. */
function upgradeSocket(request: Request, { zombieMs }: GatewayLimits): ReturnType<typeof Deno.upgradeWebSocket> | null {
  try {
    // Zombies are found by the heartbeat; this one finds peers that have vanished.
    return Deno.upgradeWebSocket(request, { idleTimeout: Math.min(960, Math.ceil((zombieMs * 2) / 1000)) });
  } catch {
    return null;
  }
}

interface SocketEvents {
  /** It buffers so much that nothing is written to it until that has changed. */
  slow(): void;
  /** Once. */
  gone(code: number): void;
}

class DenoSocket implements Socket {
  readonly #ws: WebSocket;
  readonly #limits: GatewayLimits;
  readonly #topics: Map<string, Set<DenoSocket>>;
  readonly #events: SocketEvents;
  readonly #mine = new Set<string>();
  #gone = false;

  constructor(ws: WebSocket, limits: GatewayLimits, topics: Map<string, Set<DenoSocket>>, events: SocketEvents) {
    this.#ws = ws;
    this.#limits = limits;
    this.#topics = topics;
    this.#events = events;
  }

  get isGone(): boolean {
    return this.#gone;
  }

  /** A live session is left to its cursor at less than what stops a cursor: it, too, must hear when the socket has drained. */
  get isSlow(): boolean {
    return this.buffered() > Math.min(this.#limits.writableBytes, this.#limits.pacedBytes);
  }

  send(text: string): number {
    if (this.#gone || this.#ws.readyState !== WebSocket.OPEN) return 0;
    if (this.buffered() > this.#limits.backpressureBytes) {
      this.terminate();
      return 0;
    }
    this.#ws.send(text);
    if (this.isSlow) this.#events.slow();
    return -1;
  }

  buffered(): number {
    return this.#ws.bufferedAmount;
  }

  subscribe(topic: string): void {
    if (this.#gone) return;
    const sockets = this.#topics.get(topic) ?? new Set();
    this.#topics.set(topic, sockets.add(this));
    this.#mine.add(topic);
  }

  unsubscribe(topic: string): void {
    this.#mine.delete(topic);
    const sockets = this.#topics.get(topic);
    if (sockets?.delete(this) === true && sockets.size === 0) this.#topics.delete(topic);
  }

  /** Nobody waits for the client's own close frame, which may never come. */
  close(code: number, reason: string): void {
    this.#ws.close(code, reason);
    this.leave(code);
  }

  terminate(): void {
    this.leave(ABNORMAL);
    this.close(...CLOSES.unknownError);
  }

  cork(write: () => void): void {
    write();
  }

  leave(code: number): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const topic of [...this.#mine]) this.unsubscribe(topic);
    this.#events.gone(code);
  }
}
