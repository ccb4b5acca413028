/** The small parts: queue, mailbox, placement, rate buckets, results, loads, deaths, requests. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Deaths } from '../../../src/actor/deaths.ts';
import { sizeOf } from '../../../src/actor/link.ts';
import { Loads } from '../../../src/actor/loads.ts';
import { Mailbox } from '../../../src/actor/mailbox.ts';
import { Placement, SHARDS, shardOf, slotOfShard } from '../../../src/actor/placement.ts';
import { RateBuckets } from '../../../src/actor/rate-buckets.ts';
import { Requests } from '../../../src/actor/requests.ts';
import { Results } from '../../../src/actor/results.ts';
import { Deque } from '../../../src/base/deque.ts';
import { heldBytes } from '../../../src/base/text.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import type { LinkMessage, RateClaim } from '../../../src/protocol/links.ts';
import { FakeClock } from './fake-clock.ts';

describe('deque', () => {
  test('does what an array does', () => {
    const steps = fc.array(fc.oneof(fc.nat(99), fc.constantFrom('shift', 'drain')), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (list) => {
        const [deque, array] = [new Deque<number>(), [] as number[]];
        for (const step of list) {
          if (step === 'shift') expect(deque.shift()).toBe(array.shift() as number);
          else if (step === 'drain') expect(deque.drain()).toEqual(array.splice(0));
          else array.push(Number(deque.push(step as number) ?? step));
          expect([deque.length, deque.at(0), deque.at(array.length - 1)]).toEqual([
            array.length,
            array[0],
            array.at(-1),
          ] as [number, number | undefined, number | undefined]);
        }
      }),
    );
  });
});

describe('mailbox', () => {
  const item = (name: string) => ({ name });
  const isOwed = ({ name }: { name: string }): boolean => name.startsWith('o');

  test('is first in, first out, and each kind has its own bound', () => {
    const mailbox = new Mailbox({ mailboxCommands: 2, mailboxOwed: 1 }, isOwed);
    for (const name of ['a', 'o1', 'b']) mailbox.put(item(name), 0);
    expect(() => mailbox.put(item('c'), 0)).toThrow('overloaded');
    expect(() => mailbox.put(item('o2'), 0)).toThrow('overloaded');
    expect(() => mailbox.refuseIfFull(false)).toThrow('overloaded');
    expect([mailbox.length, mailbox.first()]).toEqual([3, item('a')]);
    expect([mailbox.take(), mailbox.take()]).toEqual([item('a'), item('o1')]);
    for (const name of ['o3', 'd']) mailbox.put(item(name), 0);
    expect(mailbox.all()).toEqual(['b', 'o3', 'd'].map(item));
    expect(['b', 'o3', 'd', undefined].map(() => mailbox.take()?.name)).toEqual(['b', 'o3', 'd', undefined]);
    mailbox.put(item('o4'), 0);
    expect(mailbox.length).toBe(1);
  });

  test('knows how long its first item waits, whenever the others came', () => {
    const steps = fc.array(fc.oneof(fc.constant('take'), fc.nat(2)), { maxLength: 100, size: 'max' });
    fc.assert(
      fc.property(steps, (list) => {
        const mailbox = new Mailbox<{ name: string }>({ mailboxCommands: 1000, mailboxOwed: 1 }, isOwed);
        const came: number[] = [];
        let now = 0;
        for (const step of list) {
          if (step === 'take') expect(mailbox.take() === undefined).toBe(came.shift() === undefined);
          else {
            now += Number(step);
            mailbox.put(item('a'), now);
            came.push(now);
          }
          expect([mailbox.length, mailbox.all().length, mailbox.waitedMs(now)]).toEqual([
            came.length,
            came.length,
            now - (came[0] ?? now),
          ]);
        }
      }),
    );
  });
});

describe('placement', () => {
  /** Recorded once. A change moves every owner of every installation: it must be a decision, with a migration. */
  const GOLDEN: readonly (readonly [OwnerKey, number, readonly number[]])[] = [
    ['g:1', 344, [0, 0, 0, 5, 5]],
    ['g:175928847299117063', 90, [0, 0, 0, 4, 15]],
    ['g:1300000000000000000', 995, [0, 0, 0, 6, 6]],
    ['g:1300000000004194304', 168, [0, 1, 1, 1, 10]],
    ['u:80351110224678912', 900, [0, 0, 2, 4, 14]],
    ['u:1300000000000000001', 942, [0, 0, 0, 3, 8]],
    ['d:80351110224678912:175928847299117063', 859, [0, 1, 1, 4, 15]],
    ['d:1300000000000000002', 710, [0, 1, 1, 5, 5]],
    ['n:ada', 7, [0, 1, 2, 6, 6]],
    ['n:zoë', 725, [0, 1, 1, 7, 8]],
  ];

  test('never drifts', () => {
    const now = GOLDEN.map(([key]) => [key, shardOf(key), [1, 2, 3, 8, 16].map((n) => new Placement(n).slotOf(key))]);
    expect(now as unknown).toEqual(GOLDEN);
  });

  test('spreads keys evenly and moves only what a new slot takes', () => {
    for (const slots of [2, 3, 8, 16]) {
      const counts = new Array<number>(slots).fill(0);
      let moved = 0;
      for (let shard = 0; shard < SHARDS; shard += 1) {
        const slot = slotOfShard(shard, slots);
        counts[slot]! += 1;
        const next = slotOfShard(shard, slots + 1);
        if (next !== slot) moved += Number(next === slots ? 1 : Number.NaN);
      }
      expect(Math.max(...counts)).toBeLessThan((SHARDS / slots) * 1.5);
      expect(Math.min(...counts)).toBeGreaterThan((SHARDS / slots) * 0.5);
      expect(moved).toBeLessThan((SHARDS / (slots + 1)) * 1.5);
    }
  });

  test('snowflakes made one after another fall on all shards alike', () => {
    const hits = new Array<number>(SHARDS).fill(0);
    for (let i = 0; i < SHARDS * 20; i += 1)
      hits[shardOf(`g:${1_300_000_000_000_000_000n + BigInt(i) * 4194304n}`)]! += 1;
    expect(Math.min(...hits)).toBeGreaterThan(2);
    expect(Math.max(...hits)).toBeLessThan(50);
  });
});

describe('rate buckets', () => {
  const claim = (more: Partial<RateClaim> = {}): RateClaim => ({
    bucket: 'b',
    user: '1',
    limit: 2,
    windowMs: 1000,
    ...more,
  });

  test('a window begins with its first hit and ends by itself', () => {
    const buckets = new RateBuckets(10);
    const take = (now: number) => {
      const { isRefused, numbers } = buckets.claim(claim(), now);
      return [isRefused, numbers.remaining, numbers.resetAfterMs];
    };
    expect([0, 100, 200, 999, 1000].map(take)).toEqual([
      [false, 1, 1000],
      [false, 0, 900],
      [true, 0, 800],
      [true, 0, 1],
      [false, 1, 1000],
    ]);
  });

  test('users and buckets do not share; asking again is neither counted nor refused', () => {
    const buckets = new RateBuckets(10);
    for (const one of [claim(), claim({ user: '2' }), claim({ bucket: 'c' })]) {
      expect(buckets.claim(one, 0).numbers.remaining).toBe(1);
    }
    buckets.claim(claim(), 0);
    expect(buckets.claim(claim(), 0, true)).toEqual({
      isRefused: false,
      numbers: { limit: 2, remaining: 0, resetAfterMs: 1000 },
    });
  });

  test('one that is only looked at begins no window, counts nothing and refuses nothing', () => {
    const buckets = new RateBuckets(10);
    const look = () => buckets.claim(claim({ peek: true }), 0);
    expect([look(), buckets.size]).toEqual([
      { isRefused: false, numbers: { limit: 2, remaining: 2, resetAfterMs: 0 } },
      0,
    ]);
    for (const _ of [1, 2]) buckets.claim(claim(), 0);
    expect(look()).toEqual({ isRefused: false, numbers: { limit: 2, remaining: 0, resetAfterMs: 1000 } });
    expect(buckets.claim(claim(), 0).isRefused).toBe(true);
  });

  test('a crowd of short windows does not make a long one forgotten', () => {
    const buckets = new RateBuckets(3);
    const day = claim({ bucket: 'day', limit: 1, windowMs: 86_400_000 });
    buckets.claim(day, 0);
    for (let i = 0; i < 50; i += 1) buckets.claim(claim({ user: String(i) }), i);
    expect([buckets.claim(day, 60).isRefused, buckets.size]).toEqual([true, 4]);
  });

  test('never more hits in a window than the limit, never more windows than the capacity', () => {
    const hits = fc.array(fc.record({ user: fc.nat(5), pause: fc.nat(400) }), { maxLength: 100 });
    fc.assert(
      fc.property(hits, (list) => {
        const buckets = new RateBuckets(100);
        const granted = new Map<number, number[]>();
        let now = 0;
        for (const { user, pause } of list) {
          now += pause;
          if (buckets.claim(claim({ user: String(user) }), now).isRefused) continue;
          granted.set(user, [...(granted.get(user) ?? []), now]);
        }
        for (const times of granted.values()) {
          // A fixed window lets at most two limits pass around its border.
          expect(times.filter((at, i) => (times[i + 4] ?? Number.POSITIVE_INFINITY) - at < 1000)).toEqual([]);
        }
      }),
    );
    const small = new RateBuckets(3);
    for (let i = 0; i < 50; i += 1) small.claim(claim({ user: String(i) }), i);
    expect(small.size).toBe(3);
  });
});

test('results: the oldest leave', () => {
  const results = new Results(2);
  for (const id of ['a', 'b', 'c']) results.set(id, { ok: id });
  expect([results.get('a'), results.get('b'), results.get('c')]).toEqual([undefined, { ok: 'b' }, { ok: 'c' }]);
});

test('loads: so many at once, the busiest first, also after a failure', async () => {
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const load = (item: number): Promise<void> => {
    started.push(item);
    return new Promise((resolve, reject) => ends.push(item % 2 ? resolve : reject));
  };
  const loads = new Loads<number>(2, load, (item) => item);
  for (const item of [1, 2, 3, 9, 4]) loads.add(item);
  expect([started, loads.length]).toEqual([[1, 2], 5]);
  for (let i = 0; i < 5; i += 1) {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect([started, loads.length]).toEqual([[1, 2, 9, 4, 3], 0]);
});

/** What ran in its order, of loads one at a time that have all come while the first one ran. */
async function orderOf(items: readonly number[], busyness: (item: number) => number): Promise<number[]> {
  const order: number[] = [];
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const load = async (item: number): Promise<void> => {
    order.push(item);
    await gate;
  };
  const loads = new Loads<number>(1, load, busyness);
  for (const item of items) loads.add(item);
  open();
  await loads.idle();
  return order;
}

test('loads: the busiest of a long queue is next, wherever it stands, and who came first is not left behind', async () => {
  const calm = Array.from({ length: 2000 }, (_, index) => index);
  const order = await orderOf([...calm, 5000], (item) => (item === 5000 ? 7 : 1));
  expect(order.slice(0, 4)).toEqual([0, 5000, 1, 2]);
  expect([...order].sort((a, b) => a - b)).toEqual([...calm, 5000]);

  const crowd = Array.from({ length: 2000 }, (_, index) => index + 1);
  const late = await orderOf([0, -1, ...crowd], (item) => Math.max(0, item));
  expect(late.slice(0, 3)).toEqual([0, 2000, 1999]);
  expect(late.indexOf(-1)).toBe(126);
});

test('loads: who adds what nobody asked for waits until nothing waits', async () => {
  const ends: (() => void)[] = [];
  const loads = new Loads<number>(
    1,
    () => new Promise((resolve) => ends.push(resolve)),
    () => 0,
  );
  await loads.idle();
  loads.add(1);
  await loads.idle();
  loads.add(2);
  let isIdle = false;
  const idle = loads.idle().then(() => {
    isIdle = true;
  });
  await Promise.resolve();
  expect(isIdle).toBe(false);
  ends.shift()?.();
  await idle;
  expect([isIdle, loads.length]).toEqual([true, 1]);
});

test('deaths: pauses double, bugs quarantine, faults do not, and the old are forgotten', () => {
  const deaths = new Deaths(LIMITS);
  const { reloadMinMs, quarantineMs, deathWindowMs } = LIMITS;
  expect(deaths.pause('g:1', 0)).toBe(0);
  deaths.died('g:1', 'fault', 0);
  expect(deaths.pause('g:1', 0)).toBe(reloadMinMs);
  deaths.died('g:1', 'bug', 0);
  expect([deaths.pause('g:1', 0), deaths.pause('g:1', reloadMinMs * 2)]).toEqual([reloadMinMs * 2, 0]);
  for (let i = 0; i < 9; i += 1) deaths.died('g:1', 'fault', 0);
  expect(deaths.isQuarantined('g:1', 0)).toBe(false);
  for (let i = 0; i < 2; i += 1) deaths.died('g:1', 'bug', 1);
  expect(deaths.isQuarantined('g:1', 1)).toBe(true);
  expect(deaths.pause('g:1', 1)).toBe(quarantineMs);
  expect(deaths.isQuarantined('g:1', 1 + quarantineMs)).toBe(false);
  for (let i = 0; i < 5000; i += 1) deaths.died(`g:x${i}`, 'bug', i * deathWindowMs);
  expect(deaths.size).toBeLessThan(3000);
});

test('requests: each ends once, by answer, deadline or death', async () => {
  const clock = new FakeClock();
  const requests = new Requests<string>(clock, 4);
  const open = (peer: string, ms: number) => requests.open(peer, clock.now() + ms);
  const [a, b, c, d] = [open('0.1', 100), open('0.1', 100), open('1.1', 100), open('0.1', 100)];
  const settled = Promise.allSettled([a, b, c, d].map(({ promise }) => promise));
  expect(() => open('0.1', 1)).toThrow('overloaded');
  requests.resolve(a.id, 'yes');
  requests.resolve(a.id, 'twice');
  requests.rejectAll('1.1', new Error('died'));
  requests.reject(d.id, new Error('no'));
  await clock.advance(100);
  requests.resolve(b.id, 'late');
  const results = (await settled).map((one) => (one.status === 'fulfilled' ? one.value : one.reason.message));
  expect(results[0]).toBe('yes');
  expect(results[1]).toContain('timeout');
  expect(results.slice(2)).toEqual(['died', 'no']);
  expect([requests.size, clock.timers]).toEqual([0, 0]);
});

describe('what a link counts', () => {
  test('a session that moves with all it has missed, by what that takes in memory', () => {
    const moved = (missed: readonly string[]) => {
      const data = { missed: missed.map((d) => ({ numbers: [1], body: { t: '', d, cls: 0, full: null } })) };
      return sizeOf({ m: 'residence', message: { r: 'session', move: {}, data } } as unknown as LinkMessage);
    };
    const [much, more] = ['x'.repeat(100_000), 'ü'.repeat(50_000)];
    expect(moved([much, more]) - moved([])).toBe(heldBytes(much) + heldBytes(more));
    expect(moved([much])).toBeGreaterThan(100_000);
  });
});
