/** A gateway client over raw TCP that reads when the test lets it: not at all, a little in each turn of the loop, as a line of 8 Mbit/s brings it, or freely. */
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { Inbox } from './inbox.ts';
import type { Frame, Ready } from './raw-gateway.ts';

type Pace = 'paused' | 'slow' | 'line' | 'free';

/** 8 Mbit/s. */
const LINE_BYTES_PER_MS = 1000;

const TEXT = 1;
const CLOSE = 8;

export class SlowSocket implements AsyncDisposable {
  readonly frames = new Inbox<Frame>((frame) => `op ${frame.op} ${frame.t ?? ''} ${frame.s ?? ''}`.trim());
  readonly closed: Promise<void>;
  readonly #socket: Socket;
  #pace: Pace = 'free';
  #chunks: Buffer[] = [];
  #bytes = 0;
  /** Bytes that the next frame needs before it is worth a look. */
  #needs = 2;
  #isUpgraded = false;
  /** When the line has brought what was read. */
  #lineFree = 0;
  /** Bytes read. */
  taken = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.frames.end(new Error('the socket closed'));
        resolve();
      });
    });
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: Buffer) => this.#data(chunk));
  }

  static async open(base: string): Promise<SlowSocket> {
    const { hostname, port } = new URL(base);
    const socket = connect({ host: hostname, port: Number(port) });
    const slow = new SlowSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    const key = randomBytes(16).toString('base64');
    const head = `GET /?v=10 HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: Upgrade`;
    socket.write(`${head}\r\nsec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`);
    await slow.frames.until('HELLO', ({ op }) => op === 10);
    return slow;
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed;
  }

  set pace(pace: Pace) {
    this.#pace = pace;
    if (pace === 'paused') this.#socket.pause();
    else this.#socket.resume();
  }

  get dispatches(): Frame[] {
    return this.frames.items.filter(({ op }) => op === 0);
  }

  async ready(): Promise<Ready> {
    const { d } = await this.frames.until('READY', ({ t }) => t === 'READY', { ms: 30_000 });
    return d as Ready;
  }

  /** One masked text frame. */
  send(op: number, d: unknown): void {
    const body = Buffer.from(JSON.stringify({ op, d }));
    const mask = randomBytes(4);
    const length = body.length < 126 ? Buffer.from([0x80 | body.length]) : Buffer.from([0xfe, 0, 0]);
    if (body.length >= 126) length.writeUInt16BE(body.length, 1);
    const masked = body.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
    this.#socket.write(Buffer.concat([Buffer.from([0x81]), length, mask, masked]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }

  #data(chunk: Buffer): void {
    this.taken += chunk.length;
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#needs) this.#parse();
    if (this.#pace === 'free') return;
    this.#socket.pause();
    const goOn = (): void => void (this.#pace !== 'paused' && this.#socket.resume());
    if (this.#pace === 'slow') setImmediate(goOn);
    if (this.#pace !== 'line') return;
    const now = performance.now();
    this.#lineFree = Math.max(now, this.#lineFree) + chunk.length / LINE_BYTES_PER_MS;
    setTimeout(goOn, this.#lineFree - now);
  }

  #parse(): void {
    let rest = Buffer.concat(this.#chunks);
    if (!this.#isUpgraded) {
      const end = rest.indexOf('\r\n\r\n');
      if (end === -1) return;
      this.#isUpgraded = true;
      rest = rest.subarray(end + 4);
    }
    for (;;) {
      const [head, length] = sizesOf(rest);
      this.#needs = head + length;
      if (rest.length < this.#needs) break;
      this.#frame((rest[0] ?? 0) & 15, rest.subarray(head, head + length));
      rest = rest.subarray(head + length);
    }
    this.#chunks = [rest];
    this.#bytes = rest.length;
  }

  #frame(opcode: number, payload: Buffer): void {
    if (opcode === CLOSE) this.#socket.destroy();
    if (opcode !== TEXT) return;
    const text = payload.toString();
    const { op, t, s, d } = JSON.parse(text) as Omit<Frame, 'text'>;
    this.frames.push({ op, t, s, d, text: '' });
  }
}

/** Bytes of the frame's head and of what follows it; too short to say: a head that is not there yet. */
function sizesOf(bytes: Buffer): [head: number, payload: number] {
  if (bytes.length < 2) return [2, 0];
  const short = (bytes[1] ?? 0) & 127;
  if (short < 126) return [2, short];
  const head = short === 126 ? 4 : 10;
  if (bytes.length < head) return [head, 0];
  return [head, short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2))];
}
