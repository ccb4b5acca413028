/** Whose reads wait for each other in the data service: those of one channel's messages, and no others. */
import { expect, test } from 'bun:test';
import { Generations } from '../../../src/data/generations.ts';
import { Reads } from '../../../src/data/reads.ts';
import type { Store } from '../../../src/store/ports.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const LIMITS = { running: 64, runningPerLane: 2, waiting: 100, waitingPerLane: 50, deadlineMs: 5000 };

test('many users are read at once, and of one channel a few pages', async () => {
  const asked: string[] = [];
  const ends: (() => void)[] = [];
  const hold = <Value>(what: string, value: Value): Promise<Value> => {
    asked.push(what);
    return new Promise((resolve) => ends.push(() => resolve(value)));
  };
  const store = { user: () => hold('user', null), page: () => hold('page', []) } as unknown as Store;
  const reads = new Reads(store, new Generations(10), new FakeClock(), LIMITS);
  const { signal } = new AbortController();
  const all = Array.from({ length: 20 }, (_, n) => [
    reads.read('user', { id: String(n) }, signal),
    reads.read('page', { channel_id: '1', limit: n + 1 }, signal),
  ]).flat();
  expect(asked.filter((what) => what === 'user').length).toBe(20);
  expect(asked.filter((what) => what === 'page').length).toBe(LIMITS.runningPerLane);
  for (let end = ends.shift(); end !== undefined; end = ends.shift()) {
    end();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await Promise.all(all)).length).toBe(40);
});
