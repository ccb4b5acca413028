/** The size of a JPEG: found as its segments say, and at a bounded cost whatever was sent. */
import { expect, test } from 'bun:test';
import { jpegSize } from '../../../src/rest/jpeg.ts';
import { HEAD_BYTES, pictureOf } from '../../../src/rest/media.ts';

const word = (n: number): number[] => [n >> 8, n & 255];
const segment = (mark: number, ...body: readonly number[]): number[] => [0xff, mark, ...word(body.length + 2), ...body];
const START = [0xff, 0xd8];
const APP0 = segment(0xe0, ...Buffer.from('JFIF\0'), 1, 1, 0, 0, 1, 0, 1, 0, 0);
const frame = (mark: number, width: number, height: number): number[] =>
  segment(mark, 8, ...word(height), ...word(width), 1, 1, 0x11, 0);
const jpeg = (...parts: readonly (readonly number[])[]): Uint8Array => Uint8Array.from([...START, ...parts.flat()]);
const size = { width: 640, height: 480 };

test.each([
  ['baseline', jpeg(APP0, frame(0xc0, 640, 480))],
  ['progressive', jpeg(APP0, frame(0xc2, 640, 480))],
  ['behind tables and a restart', jpeg(segment(0xc4, 0, 0), [0xff, 0xd0], segment(0xdb, 0), frame(0xc1, 640, 480))],
  ['behind marks that are filled up', jpeg(APP0, [0xff, 0xff, 0xff], frame(0xc0, 640, 480))],
  ['behind a preview of another size', jpeg(segment(0xe1, ...START, ...frame(0xc0, 8, 8)), frame(0xc0, 640, 480))],
  ['behind an empty segment', jpeg(segment(0xe1), frame(0xc0, 640, 480))],
])('%s', (_what, head) => {
  expect(jpegSize(head)).toEqual(size);
  expect(pictureOf(head)).toEqual({ type: 'jpg', ...size });
});

const full = (...pattern: readonly number[]): Uint8Array =>
  Uint8Array.from({ length: HEAD_BYTES }, (_, at) => [...START, 0xff, 0xe0][at] ?? pattern[at % pattern.length] ?? 0);

test.each([
  ['nothing', Uint8Array.from(START)],
  ['zeros', full(0)],
  ['fill bytes', full(0xff)],
  ['segments of no length', full(0xff, 0xe1, 0, 0)],
  ['empty segments', full(0xff, 0xe1, 0, 2)],
  ['restarts', full(0xff, 0xd0)],
  ['a frame that is cut', jpeg(APP0, frame(0xc0, 640, 480).slice(0, 7))],
  ['a segment beyond the end', jpeg([0xff, 0xe1, 0xff, 0xff, 1, 2, 3, 4, 5, 6])],
])('%s are no picture, and each byte is looked at a few times at most', (_what, head) => {
  let looks = 0;
  const counting = new Proxy(head, {
    get(target, name) {
      looks += 1;
      return Reflect.get(target, name, target) as unknown;
    },
  });
  expect(jpegSize(counting)).toBeNull();
  expect(looks).toBeLessThan(4 * head.length + 10);
  expect(pictureOf(head)).toBeNull();
});
