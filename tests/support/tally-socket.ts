/** A gateway client that reads much and keeps little: of every message the number that its content begins with, of the rest what a resume needs. */
import type { Socket } from 'bun';

const HEAD_END = Buffer.from('\r\n\r\n');
/** What is looked at of a frame: its name, number, and the beginning of its data. */
const LOOK_BYTES = 1200;
const TEXT = 1;
const CLOSE = 8;

export interface Account {
  readonly token: string;
}

/** What a resume needs. */
export interface Left {
  readonly sessionId: string;
  readonly seq: number;
}

export class TallySocket implements AsyncDisposable {
  /** Numbers of messages, as they came. */
  readonly heard: number[] = [];
  sessionId = '';
  seq = 0;
  isReady = false;
  isResumed = false;
  /** Op 9 has come. */
  isRefused = false;
  isClosed = false;
  readonly #changed: () => void;
  readonly #ended = Promise.withResolvers<void>();
  #socket: Socket | null = null;
  #rest: Buffer = Buffer.alloc(0);
  #isUpgraded = false;
  /** Bytes of the current frame that nobody looks at. */
  #skip = 0;

  private constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** `changed` is called when something was read, and at the end. */
  static async identify(port: number, { token }: Account, changed: () => void = () => undefined): Promise<TallySocket> {
    const tally = new TallySocket(changed);
    await tally.#open(port, { op: 2, d: { token, properties: {} } });
    return tally;
  }

  static async resume(
    port: number,
    { token }: Account,
    left: Left,
    changed: () => void = () => undefined,
  ): Promise<TallySocket> {
    const tally = new TallySocket(changed);
    tally.sessionId = left.sessionId;
    tally.seq = left.seq;
    await tally.#open(port, { op: 6, d: { token, session_id: left.sessionId, seq: left.seq } });
    return tally;
  }

  stall(): void {
    this.#socket?.pause();
  }

  wake(): void {
    this.#socket?.resume();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket?.terminate();
    await this.#ended.promise;
  }

  async #open(port: number, first: object): Promise<void> {
    const head = [
      'GET /?v=10&encoding=json HTTP/1.1',
      `Host: 127.0.0.1:${port}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
      '\r\n',
    ].join('\r\n');
    this.#socket = await Bun.connect({
      hostname: '127.0.0.1',
      port,
      socket: {
        open: (socket) => void socket.write(Buffer.concat([Buffer.from(head), masked(JSON.stringify(first))])),
        data: (_, chunk) => {
          this.#take(chunk);
          this.#changed();
        },
        close: () => {
          this.isClosed = true;
          this.#ended.resolve();
          this.#changed();
        },
        error: () => undefined,
      },
    });
  }

  #take(chunk: Buffer): void {
    const skipped = Math.min(this.#skip, chunk.length);
    this.#skip -= skipped;
    if (skipped === chunk.length) return;
    let data = Buffer.concat([this.#rest, chunk.subarray(skipped)]);
    if (!this.#isUpgraded) {
      const end = data.indexOf(HEAD_END);
      this.#isUpgraded = end >= 0;
      data = end < 0 ? data : data.subarray(end + HEAD_END.length);
    }
    while (this.#isUpgraded) {
      const next = this.#frame(data);
      if (next < 0) break;
      data = data.subarray(next);
    }
    this.#rest = data;
  }

  /** Where the next frame begins, or -1: what must be seen of this one is not here yet. */
  #frame(data: Buffer): number {
    if (data.length < 2) return -1;
    const short = (data[1] ?? 0) & 127;
    const from = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (data.length < from) return -1;
    const size = short === 126 ? data.readUInt16BE(2) : short === 127 ? Number(data.readBigUInt64BE(2)) : short;
    const look = Math.min(size, LOOK_BYTES);
    if (data.length < from + look) return -1;
    const opcode = (data[0] ?? 0) & 15;
    if (opcode === TEXT) this.#hear(data.toString('latin1', from, from + look));
    if (opcode === CLOSE) this.#socket?.terminate();
    const here = Math.min(size, data.length - from);
    this.#skip = size - here;
    return from + here;
  }

  #hear(text: string): void {
    const [, name = '', seq = ''] = /^\{"t":(?:"([A-Z_]+)"|null),"s":(\d+|null)/.exec(text) ?? [];
    if (name === '') this.isRefused ||= text.includes('"op":9,');
    else this.seq = Number(seq);
    if (name === 'RESUMED') this.isResumed = true;
    if (name === 'READY') {
      this.isReady = true;
      this.sessionId = /"session_id":"([^"]+)"/.exec(text)?.[1] ?? '';
    }
    if (name === 'MESSAGE_CREATE') this.heard.push(Number(/"content":"(\d+)/.exec(text)?.[1] ?? Number.NaN));
  }
}

/** One text frame; its mask is zero, so that the bytes are the text's. */
function masked(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(8);
  head[0] = 0x80 | TEXT;
  head[1] = 0x80 | 126;
  head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}
