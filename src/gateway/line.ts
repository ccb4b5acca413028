/** The client's end of a socket that the server has with itself: as much of a WebSocket as it takes to hear short texts, on a name that is no file's. */
import { connect } from 'node:net';
import type { Random } from '../base/random.ts';
import type { Socket } from './socket.ts';

/** A socket of this server whose other end is here, too: what is written to it comes back through the kernel. */
export interface Line {
  /** May wait for ever. */
  readonly socket: Promise<Socket>;
  /** Nothing of it stays. */
  close(): void;
}

/** `hear`: a text has come out at the other end. Throws when there can be no such socket. */
export type OpenLine = (random: Random, hear: (text: string) => void) => Line;

/** The key is an example's (RFC 6455, section 1.3): nobody looks whether the answer fits. */
const REQUEST =
  'HTTP/1.1\r\nHost: guildhall\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n';
const END_OF_HEAD = '\r\n\r\n';
const TEXT = 1;

/** `name`: of the unix socket; `path`: of the request. Returns how it is cut off. */
export function dial(name: string, path: string, hear: (text: string) => void): () => void {
  const socket = connect({ path: name });
  let isOpen = false;
  let bytes: Buffer = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    const end = isOpen ? -1 : bytes.indexOf(END_OF_HEAD);
    if (end >= 0) {
      isOpen = true;
      bytes = bytes.subarray(end + END_OF_HEAD.length);
    }
    if (!isOpen) return;
    const { texts, rest } = readFrames(bytes);
    bytes = rest;
    for (const text of texts) hear(text);
  });
  // Then nothing is heard.
  socket.on('error', () => {});
  socket.write(`GET ${path} ${REQUEST}`);
  return () => void socket.destroy();
}

/** Of whole frames, the texts. A server's are not masked; none that is sent here is as long as 64 KiB, or in parts. */
export function readFrames(bytes: Buffer): { readonly texts: readonly string[]; readonly rest: Buffer } {
  const texts: string[] = [];
  for (let at = 0; ; ) {
    const [kind = 0, short = 0] = bytes.subarray(at, at + 2);
    const from = at + (short < 126 ? 2 : 4);
    if (bytes.length < from) return { texts, rest: bytes.subarray(at) };
    const to = from + (short < 126 ? short : bytes.readUInt16BE(at + 2));
    if (bytes.length < to) return { texts, rest: bytes.subarray(at) };
    if ((kind & 0x0f) === TEXT) texts.push(bytes.toString('utf8', from, to));
    at = to;
  }
}
