import { describe, expect, test } from 'bun:test';
import type { Family } from '../../../src/base/metrics.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import { GuardedStore, type GuardLimits } from '../../../src/store/guarded.ts';
import type { MessagePage, Store } from '../../../src/store/ports.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const LIMITS: GuardLimits = {
  ...{ readMs: 5000, commitMs: 8000, slowMs: 1000, reads: 4, waiting: 3, attempts: 3, retryMs: 20 },
  ...{ windowMs: 10_000, least: 4, badPercent: 50, openMs: 1000, openMaxMs: 4000, trials: 2 },
};

interface Pending {
  readonly id: string;
  readonly answer: () => void;
  readonly fail: (error: unknown) => void;
}

/** A store whose answers are held back: `user` and `commit` are asked of it. */
function world(limits: Partial<GuardLimits> = {}) {
  const clock = new FakeClock();
  const asked: Pending[] = [];
  const hold = (id: string): Promise<null> =>
    new Promise((resolve, reject) => {
      asked.push({ id, answer: () => resolve(null), fail: reject });
    });
  const signals: (AbortSignal | undefined)[] = [];
  const page = ({ channelId }: MessagePage, signal?: AbortSignal): Promise<null> => {
    signals.push(signal);
    return hold(channelId);
  };
  const inner = { state: 'open', user: hold, page, commit: () => hold('commit') } as unknown as Store;
  let heldUpMs = 0;
  const own = { after: clock.after, monotonic: () => clock.monotonic() + heldUpMs };
  const options = { clock: own, random: { unit: () => 0.5 }, limits: { ...LIMITS, ...limits } };
  const store = new GuardedStore(inner, options);
  /** The thread does nothing for so long: its timers are late by it. */
  const holdUp = (ms: number): void => {
    heldUpMs += ms;
  };
  const ends: string[] = [];
  /** Asks for a user; how it ends is written down. */
  const ask = (id: string): void => {
    store.user(id).then(
      () => ends.push(`${id} ok`),
      (error) => ends.push(`${id} ${error instanceof Fault ? error.code : error}`),
    );
  };
  /** Asks for a page, and leaves it when `leave` is called. */
  const askToLeave = (channelId: string): (() => void) => {
    const controller = new AbortController();
    const page = { channelId, before: null, after: null, around: null, limit: 1 };
    store.page(page, controller.signal).then(
      () => ends.push(`${channelId} ok`),
      (error) => ends.push(`${channelId} ${error.message}`),
    );
    return () => controller.abort(new Error('left'));
  };
  return { clock, asked, signals, store, ends, ask, askToLeave, holdUp };
}

const numberOf = (families: readonly Family[], name: string, labels: Readonly<Record<string, string>>): number => {
  const values = families.find((family) => family.name === name)?.values ?? [];
  const isIt = (of: Readonly<Record<string, string>>): boolean =>
    Object.entries(labels).every(([label, value]) => of[label] === value);
  return values.find((sample) => isIt(sample.labels) && !sample.metricName?.endsWith('_bucket'))?.value ?? 0;
};

describe('a read', () => {
  test('ends at its deadline though the store never answers, and keeps its place until it does', async () => {
    const { clock, asked, ends, ask, store } = world({ reads: 1 });
    ask('1');
    await clock.advance(4999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual(['1 timeout']);
    ask('2');
    await clock.settle();
    expect(asked.length).toBe(1);
    asked[0]?.answer();
    await clock.settle();
    expect(asked.map(({ id }) => id)).toEqual(['1', '2']);
    asked[1]?.answer();
    await clock.settle();
    expect(ends).toEqual(['1 timeout', '2 ok']);
    expect(numberOf(store.measure(), 'guildhall_queries_in_flight', { query: 'user' })).toBe(0);
    expect(clock.timers).toBe(0);
  });

  test('is asked again when it failed at once', async () => {
    const { clock, asked, ends, ask, store } = world();
    ask('1');
    await clock.settle();
    asked[0]?.fail(new Fault('unavailable', true, 'a reader has ended'));
    await clock.advance(19);
    expect(asked.length).toBe(1);
    await clock.advance(1);
    asked[1]?.fail(new Fault('broken', true, 'disk I/O error'));
    await clock.advance(40);
    asked[2]?.answer();
    await clock.settle();
    expect(ends).toEqual(['1 ok']);
    expect(numberOf(store.measure(), 'guildhall_queries_retried_total', { query: 'user' })).toBe(2);
  });

  const final: readonly (readonly [name: string, error: unknown, end: string])[] = [
    ['that may not be repeated', new Fault('unavailable', false, 'closed'), '1 unavailable'],
    ['for load', new Fault('overloaded', true, 'too many asks'), '1 overloaded'],
    ['that is a bug', new TypeError('x is not a function'), '1 TypeError: x is not a function'],
  ];
  test.each(final)('is not asked again after a failure %s', async (_name, error, end) => {
    const { clock, asked, ends, ask } = world();
    ask('1');
    await clock.settle();
    asked[0]?.fail(error);
    await clock.advance(1000);
    expect([asked.length, ends]).toEqual([1, [end]]);
  });

  test('is asked three times at most, and not at all when too many are asked again', async () => {
    const { clock, asked, ends, ask, store } = world({ reads: 1000, least: 10_000 });
    for (let i = 0; i < 100; i += 1) ask(String(i));
    for (let round = 0; round < 4; round += 1) {
      await clock.settle();
      for (const pending of asked.splice(0)) pending.fail(new Fault('unavailable', true, 'down'));
      await clock.advance(100);
    }
    expect(ends.length).toBe(100);
    // Twenty are kept for a bad moment. What the hundred reads earned did not fit in.
    expect(numberOf(store.measure(), 'guildhall_queries_retried_total', { query: 'user' })).toBe(20);
  });
});

describe('a store that is slow', () => {
  test('has so many queries at once, so many wait, and one more is refused', async () => {
    const { clock, asked, ends, ask, store } = world();
    for (let i = 1; i <= 8; i += 1) ask(String(i));
    await clock.settle();
    expect([asked.length, ends]).toEqual([4, ['8 overloaded']]);
    expect(numberOf(store.measure(), 'guildhall_queries_waiting', {})).toBe(3);
    expect(numberOf(store.measure(), 'guildhall_queries_shed_total', { query: 'user', why: 'full' })).toBe(1);
    asked[0]?.answer();
    await clock.settle();
    expect(asked.map(({ id }) => id)).toEqual(['1', '2', '3', '4', '5']);
    expect(ends).toEqual(['8 overloaded', '1 ok']);
  });

  test('is not asked after a second of silence: who waits is refused with the time to wait, and so is who comes', async () => {
    const { clock, asked, ends, ask, store } = world();
    for (let i = 1; i <= 7; i += 1) ask(String(i));
    await clock.advance(999);
    expect(ends).toEqual([]);
    await clock.advance(1);
    expect(ends).toEqual(['5 overloaded', '6 overloaded', '7 overloaded']);
    const refused = await store.user('8').catch((error) => error);
    expect(refused).toMatchObject({ code: 'overloaded', retryable: true, retryAfterMs: 1000 });
    expect(asked.length).toBe(4);
    expect(numberOf(store.measure(), 'guildhall_circuit', { state: 'open' })).toBe(1);
    expect(numberOf(store.measure(), 'guildhall_queries_shed_total', { query: 'user', why: 'slow' })).toBe(1);
  });

  test('is not blamed for a thread that was held up: answers that came meanwhile are heard first', async () => {
    const { clock, asked, ends, ask, store, holdUp } = world();
    for (let i = 1; i <= 4; i += 1) ask(String(i));
    await clock.settle();
    holdUp(3000);
    await clock.advance(1000);
    for (const pending of asked.splice(0)) pending.answer();
    await clock.settle();
    expect(ends).toEqual(['1 ok', '2 ok', '3 ok', '4 ok']);
    expect(numberOf(store.measure(), 'guildhall_circuit', { state: 'closed' })).toBe(1);
    expect(clock.timers).toBe(0);
  });

  test('is seen to be slow also by a thread that was held up, and who waits for it is told in time', async () => {
    const { clock, ends, ask, store, holdUp } = world();
    for (let i = 1; i <= 4; i += 1) ask(String(i));
    await clock.settle();
    holdUp(3000);
    await clock.advance(1020);
    expect(numberOf(store.measure(), 'guildhall_circuit', { state: 'open' })).toBe(1);
    await clock.advance(980);
    expect(ends).toEqual(['1 timeout', '2 timeout', '3 timeout', '4 timeout']);
  });

  test('is asked on trial after the pause, and by all when it answers again', async () => {
    const { clock, asked, ends, ask, store } = world();
    for (let i = 1; i <= 4; i += 1) ask(String(i));
    await clock.advance(1000);
    // It goes on: what it was asked comes late, and is given to who asked.
    for (const pending of asked.splice(0)) pending.answer();
    await clock.settle();
    expect(ends).toEqual(['1 ok', '2 ok', '3 ok', '4 ok']);
    ask('early');
    await clock.advance(1000);
    for (const id of ['a', 'b', 'c']) ask(id);
    await clock.settle();
    expect(asked.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(ends.slice(4)).toEqual(['early overloaded', 'c overloaded']);
    for (const pending of asked.splice(0)) pending.answer();
    await clock.settle();
    expect(numberOf(store.measure(), 'guildhall_circuit', { state: 'closed' })).toBe(1);
    ask('d');
    await clock.settle();
    expect(asked.map(({ id }) => id)).toEqual(['d']);
  });
});

describe('a commit', () => {
  const batch = { owner: 'g:1', epoch: 1, writes: [] } as const;

  test('is never asked again', async () => {
    const { clock, asked, store } = world();
    const end = store.commit(batch).catch((error) => error);
    await clock.settle();
    asked[0]?.fail(new Fault('broken', true, 'disk I/O error'));
    expect(await end).toMatchObject({ code: 'broken' });
    await clock.advance(1000);
    expect(asked.length).toBe(1);
  });

  test('ends at its deadline, and is not stopped by an open circuit', async () => {
    const { clock, asked, store, ask } = world();
    for (let i = 1; i <= 4; i += 1) ask(String(i));
    await clock.advance(1000);
    const end = store.commit(batch).catch((error) => error);
    await clock.settle();
    expect(asked.length).toBe(5);
    await clock.advance(8000);
    expect(await end).toMatchObject({ code: 'timeout', retryable: true });
    expect(numberOf(store.measure(), 'guildhall_queries_failed_total', { query: 'commit', fault: 'timeout' })).toBe(1);
  });
});

describe('a read that everybody has left', () => {
  test('is never begun when it waits for a place, and leaves the place to the next', async () => {
    const { clock, asked, ends, ask, askToLeave, store } = world({ reads: 1 });
    ask('1');
    const leave = askToLeave('2');
    ask('3');
    await clock.settle();
    leave();
    await clock.settle();
    expect(ends).toEqual(['2 left']);
    asked[0]?.answer();
    await clock.settle();
    asked[1]?.answer();
    await clock.settle();
    expect(asked.map(({ id }) => id)).toEqual(['1', '3']);
    expect(ends).toEqual(['2 left', '1 ok', '3 ok']);
    const [left, shed] = ['guildhall_queries_left_total', 'guildhall_queries_shed_total'];
    expect([left, shed].map((name) => numberOf(store.measure(), name, { query: 'page' }))).toEqual([1, 0]);
    expect(clock.timers).toBe(0);
  });

  test('is told to the store, not asked again, and no bad sign', async () => {
    const { clock, asked, signals, ends, askToLeave, ask, store } = world({ least: 1 });
    const leave = askToLeave('1');
    await clock.settle();
    leave();
    expect(signals.map((signal) => signal?.aborted)).toEqual([true]);
    asked[0]?.fail(new Fault('unavailable', true, 'cancelled'));
    await clock.advance(1000);
    expect([asked.length, ends]).toEqual([1, ['1 unavailable: cancelled']]);
    expect(numberOf(store.measure(), 'guildhall_queries_failed_total', { query: 'page' })).toBe(0);
    ask('2');
    await clock.settle();
    asked[1]?.answer();
    await clock.settle();
    expect(ends.at(-1)).toBe('2 ok');
  });

  test('before it was asked for asks nothing', async () => {
    const { asked, store } = world();
    const page = { channelId: '1', before: null, after: null, around: null, limit: 1 };
    const signal = AbortSignal.abort(new Error('left'));
    expect(await store.page(page, signal).catch((error) => error.message)).toBe('left');
    expect(asked).toEqual([]);
  });
});
