/** Lanes that take turns: bounds, order, and who waits behind whom. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type FairBounds, FairQueue } from '../../../src/store/fair-queue.ts';

const WIDE: FairBounds = { running: 100, runningPerLane: 100, waiting: 100, waitingPerLane: 100 };
const queueOf = (bounds: Partial<FairBounds>, ...items: readonly string[]): FairQueue<string> => {
  const queue = new FairQueue<string>({ ...WIDE, ...bounds });
  for (const item of items) queue.add(item.charAt(0), item);
  return queue;
};
const takeAll = (queue: FairQueue<string>): string[] => {
  const taken: string[] = [];
  for (let item = queue.take(); item !== null; item = queue.take()) taken.push(item);
  return taken;
};

describe('FairQueue', () => {
  test.each([
    [
      'lanes take turns, each in its order',
      {},
      ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'],
      ['a1', 'b1', 'c1', 'a2', 'b2', 'a3'],
    ],
    ['one lane has so many places', { runningPerLane: 2 }, ['a1', 'a2', 'a3', 'b1'], ['a1', 'b1', 'a2']],
    ['all lanes together have so many', { running: 2 }, ['a1', 'a2', 'b1'], ['a1', 'b1']],
    ['what waits is bounded', { running: 1, waiting: 2 }, ['a1', 'a2', 'a3'], ['a1']],
  ] as const)('%s', (_name, bounds, items, taken) => {
    expect(takeAll(queueOf(bounds, ...items))).toEqual([...taken]);
  });

  test('who could run at once is not refused because others wait', () => {
    const queue = queueOf({ runningPerLane: 1, waiting: 1 }, 'a1');
    expect(queue.take()).toBe('a1');
    expect([queue.add('a', 'a2'), queue.add('a', 'a3'), queue.add('b', 'b1')]).toEqual([true, false, true]);
    expect(takeAll(queue)).toEqual(['b1']);
  });

  test('one lane cannot fill what waits', () => {
    const queue = queueOf({ running: 1, waitingPerLane: 1 }, 'a1');
    expect(queue.take()).toBe('a1');
    expect([queue.add('a', 'a2'), queue.add('a', 'a3'), queue.add('b', 'b1')]).toEqual([true, false, true]);
  });

  test('what is taken back never runs, and its lane goes when it is empty', () => {
    const queue = queueOf({}, 'a1', 'a2');
    expect([queue.remove('a', 'a1'), queue.remove('a', 'a1'), queue.remove('b', 'a2')]).toEqual([true, false, false]);
    expect(takeAll(queue)).toEqual(['a2']);
    queue.done('a');
    expect([queue.running, queue.waiting]).toEqual([0, 0]);
    queue.done('a');
    expect(queue.running).toBe(0);
  });

  /** The same by looking at everything: whose turn is longest ago among those that may run. */
  class Naive {
    readonly lanes = new Map<string, { running: number; waiting: string[]; readySince: number }>();
    now = 0;

    constructor(readonly bounds: FairBounds) {}

    lane(name: string) {
      const lane = this.lanes.get(name) ?? { running: 0, waiting: [], readySince: Number.POSITIVE_INFINITY };
      this.lanes.set(name, lane);
      return lane;
    }

    sum = (of: (lane: { running: number; waiting: string[] }) => number): number =>
      [...this.lanes.values()].reduce((sum, lane) => sum + of(lane), 0);

    judge(name: string, moved = false): void {
      const lane = this.lane(name);
      const isReady = lane.waiting.length > 0 && lane.running < this.bounds.runningPerLane;
      if (!isReady) lane.readySince = Number.POSITIVE_INFINITY;
      else if (moved || lane.readySince === Number.POSITIVE_INFINITY) lane.readySince = ++this.now;
    }

    add(name: string, item: string): boolean {
      const lane = this.lane(name);
      const runs = this.sum(({ running }) => running);
      const isFree =
        lane.waiting.length === 0 && lane.running < this.bounds.runningPerLane && runs < this.bounds.running;
      const isFull =
        this.sum(({ waiting }) => waiting.length) >= this.bounds.waiting ||
        lane.waiting.length >= this.bounds.waitingPerLane;
      if (!isFree && isFull) return false;
      lane.waiting.push(item);
      this.judge(name);
      return true;
    }

    take(): string | null {
      if (this.sum(({ running }) => running) >= this.bounds.running) return null;
      const ready = [...this.lanes].filter(([, { readySince }]) => readySince < Number.POSITIVE_INFINITY);
      const [next] = ready.sort(([, a], [, b]) => a.readySince - b.readySince);
      if (next === undefined) return null;
      const item = next[1].waiting.shift() ?? null;
      next[1].running += 1;
      this.judge(next[0], true);
      return item;
    }

    done(name: string): void {
      const lane = this.lane(name);
      if (lane.running > 0) lane.running -= 1;
      this.judge(name);
    }

    remove(name: string, item: string): boolean {
      const { waiting } = this.lane(name);
      const at = waiting.indexOf(item);
      if (at >= 0) waiting.splice(at, 1);
      this.judge(name);
      return at >= 0;
    }
  }

  test('does what the naive one does', () => {
    const small = fc.integer({ min: 1, max: 4 });
    const bounds = fc.record({ running: small, runningPerLane: small, waiting: small, waitingPerLane: small });
    const lane = fc.constantFrom('a', 'b', 'c');
    const step = fc.record({
      act: fc.constantFrom('add', 'add', 'take', 'take', 'done', 'remove'),
      lane,
      nth: fc.nat(8),
    });
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 60 }), (bounded, steps) => {
        const [queue, naive] = [new FairQueue<string>(bounded), new Naive(bounded)];
        const said: unknown[][] = [[], []];
        for (const [at, { act, lane: name, nth }] of steps.entries()) {
          for (const [who, one] of [queue, naive].entries()) {
            if (act === 'add') said[who]?.push(one.add(name, `${name}${at}`));
            else if (act === 'take') said[who]?.push(one.take());
            else if (act === 'remove') said[who]?.push(one.remove(name, `${name}${nth}`));
            else one.done(name);
          }
        }
        expect(said[0]).toEqual(said[1] ?? []);
        expect(queue.running).toBe(naive.sum(({ running }) => running));
        expect(queue.waiting).toBe(naive.sum(({ waiting }) => waiting.length));
      }),
      { numRuns: 500 },
    );
  });
});
