/** The only file that opens a port. A request that wants a WebSocket gets the gateway, on any path (clients.md rule 9); all others go to `fetch`. */
import { CLOSES, type CloseName } from '../protocol/closes.ts';
import { gatewayUrl } from './address.ts';
import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import type { GatewayLimits } from './limits.ts';
import type { Socket, SocketInfo } from './socket.ts';

export interface RequestInfo {
  /** Address of the peer. */
  readonly ip: string;
}

export interface ServerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly hostname: string;
  /** Several workers share the port. */
  readonly reusePort: boolean;
  readonly publicUrl: string | null;
  readonly fetch: (request: Request, info: RequestInfo) => Response | Promise<Response>;
  readonly limits: GatewayLimits;
  /** Largest body of a request, bytes. */
  readonly maxRequestBytes: number;
  /** Seconds of silence after which an HTTP connection is closed. */
  readonly idleSeconds: number;
}

export interface Listener {
  readonly port: number;
  /** Closes the port; `force`: open sockets too. */
  stop(force: boolean): Promise<void>;
}

interface SocketData {
  readonly info: SocketInfo;
  readonly refusal: CloseName | null;
  connection: Connection | null;
}

type BunSocket = Bun.ServerWebSocket<SocketData>;

/** A gateway's sockets may come from several listeners (a test-only one per worker); `publish` reaches all of them. */
export class Server {
  #gateway: Gateway | null = null;
  readonly #listeners: Bun.Server<SocketData>[] = [];

  /** Given to the gateway as its `publishTopic`. */
  readonly publishTopic = (topic: string, frame: string): void => {
    for (const server of this.#listeners) server.publish(topic, frame);
  };

  /** Must be called before `listen`. */
  serve(gateway: Gateway): void {
    this.#gateway = gateway;
  }

  listen(options: ServerOptions): Listener {
    const gateway = this.#gateway;
    if (gateway === null) throw new Error('the server has no gateway yet');
    const { limits } = options;
    const server = Bun.serve<SocketData>({
      // Its page of an error shows the source to whoever asked.
      development: false,
      port: options.port,
      hostname: options.hostname,
      reusePort: options.reusePort,
      maxRequestBodySize: options.maxRequestBytes,
      idleTimeout: options.idleSeconds,
      fetch: (request, bun) => answer(request, bun, gateway, options),
      websocket: {
        maxPayloadLength: limits.frameHardBytes,
        backpressureLimit: limits.backpressureBytes,
        closeOnBackpressureLimit: true,
        // Zombies are found by the heartbeat; this one finds peers that have vanished.
        idleTimeout: Math.min(960, Math.ceil((limits.zombieMs * 2) / 1000)),
        sendPings: false,
        perMessageDeflate: false,
        open: (ws) => open(ws, gateway),
        message: (ws, data) => {
          const { connection } = ws.data;
          if (connection !== null) gateway.message(connection, typeof data === 'string' ? data : null);
        },
        drain: (ws) => {
          if (ws.data.connection !== null) gateway.drained(ws.data.connection);
        },
        close: (ws, code) => {
          if (ws.data.connection !== null) gateway.closed(ws.data.connection, code);
        },
      },
    });
    this.#listeners.push(server);
    return {
      port: server.port ?? 0,
      stop: async (force) => {
        await server.stop(force);
        this.#listeners.splice(this.#listeners.indexOf(server), 1);
      },
    };
  }
}

type Answer = Response | Promise<Response> | undefined;

function answer(request: Request, bun: Bun.Server<SocketData>, gateway: Gateway, options: ServerOptions): Answer {
  const ip = bun.requestIP(request)?.address ?? '';
  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') return options.fetch(request, { ip });
  if (!gateway.admits(ip)) return new Response(null, { status: 503, headers: { 'retry-after': '5' } });
  const asked = URL.parse(request.url);
  // A Host that is no host.
  if (asked === null) return new Response(null, { status: 400 });
  const { searchParams, protocol } = asked;
  const version = searchParams.get('v') ?? '10';
  const encoding = searchParams.get('encoding') ?? 'json';
  const url = gatewayUrl(options.publicUrl, request.headers, protocol === 'https:');
  const refusal = refusalOf(version, encoding);
  const data = { info: { ip, version: version === '9' ? 9 : 10, url }, refusal, connection: null } as const;
  if (bun.upgrade(request, { data: { ...data } })) return undefined;
  return new Response(null, { status: 400 });
}

/** Both current versions, JSON only; `compress` is ignored, which every library with text frames accepts (clients.md section 2). */
function refusalOf(version: string, encoding: string): CloseName | null {
  if (version !== '9' && version !== '10') return 'invalidVersion';
  return encoding === 'json' ? null : 'decodeError';
}

function open(ws: BunSocket, gateway: Gateway): void {
  const { info, refusal } = ws.data;
  if (refusal === null) {
    ws.data.connection = gateway.opened(socketOf(ws), info);
    return;
  }
  const [code, reason] = CLOSES[refusal];
  ws.close(code, reason);
}

function socketOf(ws: BunSocket): Socket {
  return {
    send: (text) => ws.sendText(text),
    buffered: () => ws.getBufferedAmount(),
    subscribe: (topic) => ws.subscribe(topic),
    unsubscribe: (topic) => ws.unsubscribe(topic),
    close: (code, reason) => ws.close(code, reason),
    terminate: () => ws.terminate(),
    cork: (write) => {
      ws.cork(write);
    },
  };
}
