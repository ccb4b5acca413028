/** A WebSocket client that only counts: no masking of what it reads, no text, no objects per frame. */
import type { Socket } from 'bun';

const OPEN = Buffer.from('HTTP/1.1 101');
const HEAD_END = Buffer.from('\r\n\r\n');
/** Op 9, whose event has no name. */
const INVALID = /"op":9[,}]/;
/** A dispatch begins with its name and number. */
const NUMBERED = /^\{"t":"[A-Z_]+","s":(\d+),/;
const HEAD_BYTES = 64;
/** Where the event's name begins in `{"t":"MESSAGE_CREATE",`. */
const NAME_AT = 6;
const TEXT = 1;
const CLOSE = 8;
const MASKED = 0x80;

export interface Counts {
  /** MESSAGE_CREATE frames of all sockets. */
  messages: number;
  readies: number;
  resumes: number;
  lost: number;
  /** The first message frame's text, to be sent by another server. */
  sample: string | null;
  /** Called when something was read or lost. */
  changed: () => void;
}

/** What a RESUME needs. */
export interface Cursor {
  sessionId: string;
  /** Of the last dispatch. */
  seq: number;
}

/** Frames of one connection; a frame may come in pieces. */
class Frames {
  #rest: Buffer | null = null;
  #upgraded = false;

  constructor(
    readonly counts: Counts,
    /** Kept up to date if the session is to be resumed. */
    readonly cursor: Cursor | null,
  ) {}

  take(chunk: Buffer): void {
    const data = this.#rest === null ? chunk : Buffer.concat([this.#rest, chunk]);
    let at = this.#upgraded ? 0 : this.#upgrade(data);
    while (at >= 0) {
      const end = this.#frame(data, at);
      if (end < 0) break;
      at = end;
    }
    // The chunk belongs to the runtime after this turn: what is left is copied.
    this.#rest = at >= 0 && at === data.length ? null : Buffer.from(data.subarray(Math.max(0, at)));
  }

  #upgrade(data: Buffer): number {
    const end = data.indexOf(HEAD_END);
    if (end < 0) return -1;
    if (!data.subarray(0, OPEN.length).equals(OPEN)) throw new Error(`no WebSocket: ${data.toString('utf8', 0, 200)}`);
    this.#upgraded = true;
    return end + HEAD_END.length;
  }

  /** Counts the frame at `at`; its end, or -1: not whole yet. */
  #frame(data: Buffer, at: number): number {
    if (data.length < at + 2) return -1;
    let size = data[at + 1]! & 0x7f;
    let from = at + 2;
    if (size === 126) {
      if (data.length < at + 4) return -1;
      size = data.readUInt16BE(at + 2);
      from = at + 4;
    } else if (size === 127) {
      if (data.length < at + 10) return -1;
      size = Number(data.readBigUInt64BE(at + 2));
      from = at + 10;
    }
    if (data.length < from + size) return -1;
    const opcode = data[at]! & 0x0f;
    if (opcode === TEXT) this.#count(data, from, size);
    else if (opcode === CLOSE) this.counts.lost += 1;
    return from + size;
  }

  #count(data: Buffer, from: number, size: number): void {
    if (this.cursor !== null) this.#follow(this.cursor, data, from, size);
    const first = data[from + NAME_AT];
    // MESSAGE_CREATE, not MESSAGE_UPDATE.
    if (first === 0x4d && data[from + NAME_AT + 8] === 0x43) {
      this.counts.messages += 1;
      this.counts.sample ??= data.toString('utf8', from, from + size);
    } else if (first === 0x52 && data[from + NAME_AT + 3] === 0x44) {
      this.counts.readies += 1;
    } else if (first === 0x52 && data[from + NAME_AT + 3] === 0x55) {
      this.counts.resumes += 1;
    }
  }

  #follow(cursor: Cursor, data: Buffer, from: number, size: number): void {
    const head = data.toString('latin1', from, from + Math.min(size, HEAD_BYTES));
    const seq = NUMBERED.exec(head)?.[1];
    if (seq === undefined) {
      if (INVALID.test(head)) this.counts.lost += 1;
      return;
    }
    cursor.seq = Number(seq);
    if (cursor.sessionId !== '') return;
    const text = data.toString('latin1', from, from + size);
    cursor.sessionId = /"session_id":"([^"]+)"/.exec(text)?.[1] ?? '';
  }
}

/** A masked text frame; the mask is zero, so the bytes are the text's. */
function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const head = Buffer.alloc(payload.length < 126 ? 6 : 8);
  head[0] = 0x80 | TEXT;
  if (payload.length < 126) head[1] = MASKED | payload.length;
  else {
    head[1] = MASKED | 126;
    head.writeUInt16BE(payload.length, 2);
  }
  return Buffer.concat([head, payload]);
}

export interface CountingSocket {
  send(text: string): void;
  /** Reads nothing until `wake`: the line stays open, and what comes stays in the kernel and at the server. */
  stall(): void;
  wake(): void;
  close(): void;
  /** Without a close frame, as a broken line does. */
  cut(): void;
}

/** Connects and says `first` at once. */
export async function openCounting(
  port: number,
  first: string,
  counts: Counts,
  cursor: Cursor | null = null,
): Promise<CountingSocket> {
  const request = [
    'GET /?v=10&encoding=json HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    '\r\n',
  ].join('\r\n');
  const frames = new Frames(counts, cursor);
  let closing = false;
  const socket: Socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      open: (it) => {
        it.write(Buffer.concat([Buffer.from(request), textFrame(first)]));
      },
      data: (_, chunk) => {
        frames.take(chunk);
        counts.changed();
      },
      close: () => {
        if (!closing) counts.lost += 1;
        counts.changed();
      },
      error: () => undefined,
    },
  });
  return {
    send: (text) => void socket.write(textFrame(text)),
    stall: () => void socket.pause(),
    wake: () => void socket.resume(),
    close: () => {
      closing = true;
      socket.end();
    },
    cut: () => {
      closing = true;
      socket.terminate();
    },
  };
}
