/** The client's end of a line reads whole frames, however they are cut on the way. */
import { expect, test } from 'bun:test';
import { readFrames } from '../../../src/gateway/line.ts';

const TEXT = 0x81;
const CLOSE = 0x88;

function frame(kind: number, text: string): Buffer {
  const body = Buffer.from(text);
  const size = body.length < 126 ? [body.length] : [126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([kind, ...size]), body]);
}

test('texts come out whole and in order wherever their bytes are cut, and nothing else does', () => {
  const texts = ['', 'short', 'é'.repeat(62), 'x'.repeat(126), 'long '.repeat(60)];
  const all = Buffer.concat([...texts.map((text) => frame(TEXT, text)), frame(CLOSE, '\x03\xe9'), frame(TEXT, 'end')]);
  for (const step of [1, 2, 3, 127, all.length]) {
    const heard: string[] = [];
    let bytes: Buffer = Buffer.alloc(0);
    for (let at = 0; at < all.length; at += step) {
      const { texts: more, rest } = readFrames(Buffer.concat([bytes, all.subarray(at, at + step)]));
      heard.push(...more);
      bytes = rest;
    }
    expect(heard).toEqual([...texts, 'end']);
    expect(bytes.length).toBe(0);
  }
});
