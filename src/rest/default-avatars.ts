/** The picture of a user who has none: one colour, made here, so that nobody's artwork is shipped. */
import { crc32, deflateSync } from 'node:zlib';

const COLOURS = [
  [88, 101, 242],
  [116, 127, 141],
  [59, 165, 93],
  [250, 166, 26],
  [237, 66, 69],
  [235, 69, 158],
] as const;
const SIDE = 128;

const made = new Map<number, Uint8Array>();

/** PNG of `/embed/avatars/{index}.png`; null if there is none of that number. */
export function defaultAvatar(index: number): Uint8Array | null {
  const colour = COLOURS[index];
  if (colour === undefined) return null;
  const known = made.get(index) ?? plainPng(colour);
  made.set(index, known);
  return known;
}

/** Palette of one entry, one bit per pixel, all zero. */
function plainPng(colour: readonly number[]): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE, 0);
  header.writeUInt32BE(SIDE, 4);
  header.set([1, 3, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc(SIDE * (1 + SIDE / 8)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(colour)),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const result = Buffer.alloc(body.length + 8);
  result.writeUInt32BE(data.length, 0);
  body.copy(result, 4);
  result.writeUInt32BE(crc32(body), body.length + 4);
  return result;
}
