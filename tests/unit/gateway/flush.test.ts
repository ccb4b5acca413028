/** The outlet's queue: what leaves together, what waits, and that it never grows beyond its bounds. */
import { describe, expect, test } from 'bun:test';
import { Flush } from '../../../src/gateway/flush.ts';
import { newMetrics } from '../../../src/gateway/metrics.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const BOUNDS = { outletEntries: 4, outletBytes: 100, flushMs: 20, flushBytes: 30 };

/** Entries are texts, those that are followed end in `+`; a flush is a list of them. A flush takes `costMs`. */
function open(bounds: Partial<typeof BOUNDS> = {}, costMs = 0) {
  const clock = new FakeClock();
  let late = 0;
  const flushes: string[][] = [];
  const outlet = {
    bytes: 0,
    events: 0,
    flush(work: () => void): void {
      Object.assign(outlet, { bytes: 0, events: 0 });
      flushes.push([]);
      work();
      late += costMs;
    },
  };
  const take = (entry: string): void => {
    outlet.bytes += entry.length;
    outlet.events += 1;
    flushes.at(-1)?.push(entry);
    if (entry === 'asks') flush.push('answer');
  };
  const flush: Flush<string> = new Flush<string>({
    outlet,
    clock: { ...clock, monotonic: () => clock.monotonic() + late },
    limits: { ...BOUNDS, ...bounds },
    metrics: newMetrics(),
    take,
    sizeOf: (entry) => entry.length,
    isFollowed: (entry) => entry.endsWith('+'),
  });
  const push = (...entries: readonly string[]): void => {
    for (const entry of entries) flush.push(entry);
  };
  return { clock, flush, flushes, push };
}

describe('the queue of the outlet', () => {
  test('gives what comes in one turn at its end, together', async () => {
    const { clock, flushes, push } = open();
    push('a', 'b');
    expect(flushes).toEqual([]);
    await clock.settle();
    expect(flushes).toEqual([['a', 'b']]);
  });

  test('lets events gather for as long as the last flush took', async () => {
    const { clock, flushes, push } = open({}, 10);
    push('a', 'b');
    await clock.settle();
    push('c');
    await clock.advance(5);
    expect(flushes).toEqual([['a', 'b']]);
    push('d');
    await clock.advance(10);
    expect(flushes).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
  });

  test('keeps a batch that is followed until the next one comes, and not for the one after it', async () => {
    const { clock, flushes, push } = open();
    push('a+', 'b+');
    await clock.advance(15);
    expect(flushes).toEqual([]);
    push('c+', 'd+');
    await clock.settle();
    expect(flushes).toEqual([['a+', 'b+', 'c+', 'd+']]);
    await clock.advance(100);
    expect([flushes.length, clock.timers]).toEqual([1, 0]);
  });

  test('waits for further batches where a flush costs more than has been waited', async () => {
    const { clock, flushes, push } = open({}, 8);
    push('a', 'b');
    await clock.settle();
    for (const entry of ['c+', 'd+', 'e+', 'f+']) {
      push(entry);
      await clock.advance(5);
    }
    expect(flushes).toEqual([
      ['a', 'b'],
      ['c+', 'd+', 'e+'],
    ]);
    await clock.advance(20);
    expect(flushes.slice(2)).toEqual([['f+']]);
  });

  test('waits no longer for what does not come than events may gather', async () => {
    const { clock, flushes, push } = open();
    push('a+');
    await clock.advance(19);
    expect(flushes).toEqual([]);
    await clock.advance(2);
    expect(flushes).toEqual([['a+']]);
    push('b');
    await clock.settle();
    expect(flushes).toEqual([['a+'], ['b']]);
  });

  test('the time that it gathered for the last flush counts', async () => {
    const { clock, flushes, push } = open({}, 15);
    push('a', 'b');
    await clock.settle();
    push('c+');
    await clock.advance(16);
    expect(flushes).toHaveLength(1);
    await clock.advance(5);
    expect(flushes).toEqual([['a', 'b'], ['c+']]);
  });

  test('holds no more in one flush than a socket may buffer; the rest follows', async () => {
    const { clock, flushes, push } = open();
    push('x'.repeat(30), 'y');
    await clock.settle();
    expect(flushes.map((entries) => entries.length)).toEqual([1, 1]);
  });

  test('beyond its entries it does not wait for the turn to end', async () => {
    const { clock, flush, flushes, push } = open();
    push('1', '2', '3', '4');
    expect(flushes).toEqual([]);
    push('5');
    expect([flushes, flush.queued]).toEqual([[['1', '2', '3', '4', '5']], 0]);
    await clock.settle();
    expect(flushes).toHaveLength(1);
  });

  test('beyond its size neither, nor while it gathers; it never holds more, and keeps the order', async () => {
    const { clock, flush, flushes, push } = open({ outletEntries: 1000 }, 10);
    push('a', 'b');
    await clock.settle();
    const sent = Array.from({ length: 50 }, (_, n) => String(n).padStart(10, '0'));
    for (const entry of sent) {
      push(entry);
      expect(flush.queued * 10).toBeLessThanOrEqual(100);
    }
    await clock.advance(1000);
    expect(flushes.flat()).toEqual(['a', 'b', ...sent]);
    expect(clock.timers).toBe(0);
  });

  test('takes what comes of its own entries behind them', async () => {
    const { clock, flushes, push } = open({ outletEntries: 1 });
    push('asks', 'b');
    await clock.settle();
    expect(flushes.flat()).toEqual(['asks', 'b', 'answer']);
  });
});
