import { expect, test } from 'bun:test';
import { Stamps } from '../../../src/store/cql/stamps.ts';

test('timestamps follow the clock and never run back, whatever it does', () => {
  const stamps = new Stamps(0);
  stamps.raise(100_000_000);
  expect(stamps.next(1000, 1)).toBe(1_000_000);
  expect(stamps.next(1000, 3)).toBe(1_000_001);
  expect(stamps.next(500, 1)).toBe(1_000_004);
  expect(stamps.next(2000, 1)).toBe(2_000_000);
});

test('they stay below the ceiling that is stored, so that the next process begins above them', () => {
  const stamps = new Stamps(0);
  stamps.raise(5_000_000);
  // The clock was set an hour ahead.
  expect(stamps.next(3_600_000, 10)).toBe(4_999_990);
  expect(stamps.last).toBeLessThan(5_000_000);
  const next = new Stamps(5_000_000);
  next.raise(6_000_000);
  // And back.
  expect(next.next(1, 1)).toBe(5_000_001);
});
