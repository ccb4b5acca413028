/** Which numbers of earlier stays are still good after moves: where a number of every stay stands for what the client has. */
import { describe, expect, test } from 'bun:test';
import { Log } from '../../../src/gateway/log.ts';
import { Numbers } from '../../../src/gateway/numbers.ts';
import { GATEWAY_LIMITS } from '../../support/tiny-worker.ts';

/** A shared stream at its third worker: 3..5 were given at the first, 10..20 at the second; what came along had numbers at both. */
function atThird(): { numbers: Numbers; log: Log } {
  const log = new Log(GATEWAY_LIMITS);
  log.raise(29);
  const numbers = new Numbers(false, 30, 100);
  numbers.takeOver(0, 0, [
    { from: 3, to: 5 },
    { from: 10, to: 20 },
  ]);
  for (const carried of [
    [4, 12],
    [5, 13],
  ]) {
    numbers.carry(log.append('u:1', 's:x', { t: 'E', d: '{}', cls: 0, full: null }, 0).position, carried);
  }
  return { numbers, log };
}

describe('numbers of a shared stream that has moved twice', () => {
  test('that moves on and on without a word from its client is refused at last, and remembers no more than it takes', () => {
    const log = new Log(GATEWAY_LIMITS);
    const entry = { t: 'E', d: '{}', cls: 0, full: null };
    let numbers = new Numbers(false, 1, 100);
    let carried: number[] = [];
    let moves = 0;
    log.append('u:1', 's:x', entry, 0);
    log.append('u:1', 's:x', entry, 0);
    for (; moves < 100; moves += 1) {
      const place = numbers.locate(1, log.head + 1, log);
      if (place === null) break;
      const past = numbers.stays(1, place, log);
      const next = log.head + 1;
      carried = numbers.numbersOf(next - 1, log);
      numbers = new Numbers(false, next, 100);
      numbers.takeOver(0, 0, past);
      numbers.carry(log.append('u:1', 's:x', entry, 0).position, carried);
      expect(past.length).toBeLessThanOrEqual(16);
      expect(carried.length).toBeLessThanOrEqual(16);
    }
    expect(moves).toBe(17);
  });

  test.each([
    // [s, where it goes on]
    [3, 30],
    [4, 31],
    [5, 32],
    [10, 30],
    [12, 31],
    [20, 32],
    [30, 31],
    [2, null],
    [7, null],
    [21, null],
    [32, null],
  ] as const)('%d goes on at %p', (s, cursor) => {
    const { numbers, log } = atThird();
    expect(numbers.locate(s, 32, log)?.cursor ?? null).toBe(cursor);
  });

  test.each([
    [
      3,
      [
        [3, 5],
        [10, 20],
        [30, 31],
      ],
    ],
    // The client has the first of what came along: numbers of later stays that say less are not its own any more.
    [
      4,
      [
        [4, 5],
        [12, 20],
        [30, 31],
      ],
    ],
    [
      12,
      [
        [12, 20],
        [30, 31],
      ],
    ],
    [
      13,
      [
        [13, 20],
        [31, 31],
      ],
    ],
  ])('after it has gone on from %d', (s, stays) => {
    const { numbers, log } = atThird();
    const place = numbers.locate(s, 32, log);
    if (place === null) throw new Error(`${s} is not known`);
    expect(numbers.stays(s, place, log).map(({ from, to }) => [from, to])).toEqual(stays);
  });
});
