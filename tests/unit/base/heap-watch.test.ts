import { expect, test } from 'bun:test';
import { HeapWatch } from '../../../src/base/heap-watch.ts';

const MIB = 1 << 20;
const watch = (): HeapWatch =>
  new HeapWatch({ garbageBytes: 16 * MIB, quietBytes: 4 * MIB, looksMin: 10, looksMax: 40 });

test('a crowd has come and gone quiet: its garbage is collected, once', () => {
  const heap = watch();
  expect([20, 60, 120, 121].map((mib) => heap.look(mib * MIB))).toEqual([false, false, false, true]);
  expect([25, 26, 25, 27].map((mib) => heap.look(mib * MIB))).toEqual([false, false, false, false]);
});

test('what a collection leaves is needed: the same heap is not collected again and again', () => {
  const heap = watch();
  expect([20, 60, 60].map((mib) => heap.look(mib * MIB))).toEqual([false, false, true]);
  expect([59, 59, 60, 61].map((mib) => heap.look(mib * MIB))).toEqual([false, false, false, false]);
  expect([76, 76].map((mib) => heap.look(mib * MIB))).toEqual([false, true]);
});

test('a thread that works is left to the engine, and a heap that the engine has emptied is left alone', () => {
  const heap = watch();
  expect([20, 40, 60, 80, 30, 31, 20].map((mib) => heap.look(mib * MIB))).toEqual(Array(7).fill(false));
});

test('what comes slowly is collected too', () => {
  const heap = watch();
  const looks = Array.from({ length: 8 }, (_, n) => heap.look((20 + 3 * n) * MIB));
  expect(looks).toEqual([false, false, false, false, false, false, true, false]);
});

test('what was let go without growth is collected after a while, ever later if there is none', () => {
  const heap = watch();
  const collections = (looks: number, mib: number): number[] =>
    Array.from({ length: looks }, (_, n) => n + 1).filter(() => heap.look(mib * MIB));
  expect(collections(100, 60)).toEqual([10, 30, 70]);
  // The next was worth it.
  expect(collections(10, 60)).toEqual([10]);
  expect(collections(12, 20)).toEqual([10]);
});
