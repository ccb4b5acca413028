/** A TCP proxy between client and server that cuts (RST), holds new connections back, stalls, and lets through again. */
import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from 'node:net';
import { Inbox } from './inbox.ts';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class CutProxy implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Connections that came while nothing passes: accepted, not forwarded. */
  readonly #held = new Set<Socket>();
  readonly #arrivals = new Inbox<number>((at) => `connection ${at}`);
  #passing = true;
  #target: number;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client));
  }

  static async open(target: number): Promise<CutProxy> {
    const server = createServer({ noDelay: true });
    const proxy = new CutProxy(server, target);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Connections made from now on go there. */
  aim(target: number): void {
    this.#target = target;
  }

  /** Every connection ends with a RST on both sides; new ones are accepted and wait until `letThrough`. */
  cut(): void {
    this.#passing = false;
    for (const { client, server } of this.#pairs) {
      client.resetAndDestroy();
      server.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  /** Resolves when a client that was cut has come back and waits at the door. */
  async returned(ms = 30_000): Promise<void> {
    if (this.#held.size > 0) return;
    await this.#arrivals.until('a client to come back', () => this.#held.size > 0, { from: this.#arrivals.mark, ms });
  }

  /** Bytes stop in both directions, connections stay. */
  stall(): void {
    for (const { client, server } of this.#pairs) {
      client.unpipe(server).pause();
      server.unpipe(client).pause();
    }
  }

  letThrough(): void {
    this.#passing = true;
    for (const { client, server } of this.#pairs) {
      client.pipe(server);
      server.pipe(client);
    }
    for (const client of this.#held) this.#join(client);
    this.#held.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    for (const client of this.#held) client.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #accept(client: Socket): void {
    client.on('error', () => client.destroy());
    if (this.#passing) {
      this.#join(client);
      return;
    }
    this.#held.add(client);
    client.once('close', () => this.#held.delete(client));
    this.#arrivals.push(this.#arrivals.mark);
  }

  #join(client: Socket): void {
    const server = dial({ port: this.#target, host: '127.0.0.1', noDelay: true });
    const pair = { client, server };
    this.#pairs.add(pair);
    // An orderly end passes on what is still under way; a broken one breaks the other side too.
    const end = (other: Socket, broken: boolean): void => {
      this.#pairs.delete(pair);
      if (broken) return void other.resetAndDestroy();
      other.end();
      // Nobody reads it any more: its own end would not be seen.
      other.resume();
    };
    server.on('error', () => server.destroy());
    server.once('close', (broken) => end(client, broken));
    client.once('close', (broken) => end(server, broken));
    client.pipe(server);
    server.pipe(client);
  }
}
