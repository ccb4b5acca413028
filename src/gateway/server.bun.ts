/** The only file that opens a port. A request that wants a WebSocket gets the gateway, on any path (wire-rules.md rule 9); all others go to `fetch`. */
import type { Random } from '../base/random.ts';
import { CLOSES } from '../protocol/closes.ts';
import type { Connection } from './connection.ts';
import type { Gateway } from './gateway.ts';
import { dial, type Line, type OpenLine } from './line.ts';
import { BUSY, type Listener, type ServerOptions, type Upgrade, upgradeOf, wantsSocket } from './server-ports.ts';
import type { Socket } from './socket.ts';

interface SocketData extends Upgrade {
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

  /** Null: this system has no sockets whose names are no files. A file would hang with its disk, and the loop with it. */
  readonly openLine: OpenLine | null =
    process.platform === 'linux' ? (random, hear) => this.#openLine(random, hear) : null;

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
        ping: (ws) => {
          if (ws.data.connection !== null) gateway.pinged(ws.data.connection);
        },
        pong: (ws) => {
          if (ws.data.connection !== null) gateway.pinged(ws.data.connection);
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
    return { port: server.port ?? 0, stop: (force) => this.#stop(server, force) };
  }

  /** On a listener of its own: who is subscribed there gets what is published like everybody else. Who sees its name does not know the path. */
  #openLine(random: Random, hear: (text: string) => void): Line {
    const { promise: socket, resolve } = Promise.withResolvers<Socket>();
    const name = `\0guildhall.${random.secret(16)}`;
    const path = `/${random.secret(16)}`;
    const server = Bun.serve<SocketData>({
      unix: name,
      development: false,
      fetch(request, bun) {
        const isOurs = request.url.endsWith(path) && bun.upgrade(request, { data: OF_LINE });
        return isOurs ? undefined : new Response(null, { status: 404 });
      },
      websocket: { open: (ws) => resolve(new Wire(ws)), message: () => {}, perMessageDeflate: false },
    });
    this.#listeners.push(server);
    const hangUp = dial(name, path, hear);
    const close = (): void => {
      hangUp();
      void this.#stop(server, true);
    };
    return { socket, close };
  }

  async #stop(server: Bun.Server<SocketData>, force: boolean): Promise<void> {
    await server.stop(force);
    this.#listeners.splice(this.#listeners.indexOf(server), 1);
  }
}

const OF_LINE: SocketData = { info: { ip: '', version: 10, url: '' }, refusal: null, connection: null };

type Answer = Response | Promise<Response> | undefined;

function answer(request: Request, bun: Bun.Server<SocketData>, gateway: Gateway, options: ServerOptions): Answer {
  const ip = options.clientOf(bun.requestIP(request)?.address ?? '', request.headers);
  if (!wantsSocket(request)) return options.fetch(request, { ip });
  if (!gateway.admits(ip)) return new Response(null, BUSY);
  const upgrade = upgradeOf(request, ip, options.publicUrl);
  if (upgrade !== null && bun.upgrade(request, { data: { ...upgrade, connection: null } })) return undefined;
  return new Response(null, { status: 400 });
}

function open(ws: BunSocket, gateway: Gateway): void {
  const { info, refusal } = ws.data;
  if (refusal === null) {
    ws.data.connection = gateway.opened(new Wire(ws), info);
    return;
  }
  const [code, reason] = CLOSES[refusal];
  ws.close(code, reason);
}

/** No functions of its own for each of many sockets. */
class Wire implements Socket {
  constructor(readonly ws: BunSocket) {}

  send(text: string): number {
    return this.ws.sendText(text);
  }

  buffered(): number {
    return this.ws.getBufferedAmount();
  }

  subscribe(topic: string): void {
    this.ws.subscribe(topic);
  }

  unsubscribe(topic: string): void {
    this.ws.unsubscribe(topic);
  }

  close(code: number, reason: string): void {
    this.ws.close(code, reason);
  }

  terminate(): void {
    this.ws.terminate();
  }

  cork(write: () => void): void {
    this.ws.cork(write);
  }
}
