import { describe, expect, test } from 'bun:test';
import { Fault } from '../../../src/protocol/errors.ts';
import { Coalescer, type CoalescerLimits } from '../../../src/store/coalescer.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const WIDE: CoalescerLimits = {
  running: 10,
  runningPerLane: 10,
  waiting: 10,
  waitingPerLane: 10,
  deadlineMs: 1000,
};

const clock = new FakeClock();
const coalescerOf = (limits: Partial<CoalescerLimits> = {}) => new Coalescer<string>(clock, { ...WIDE, ...limits });

/** A read that the test ends. */
function flight() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const calls = { count: 0, signal: null as AbortSignal | null };
  const start = (signal: AbortSignal): Promise<string> => {
    calls.count += 1;
    calls.signal = signal;
    return promise;
  };
  return { start, resolve, reject, calls };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('Coalescer', () => {
  test('equal asks in flight are one read; another key and a later ask read themselves', async () => {
    const coalescer = coalescerOf();
    const [one, two, later] = [flight(), flight(), flight()];
    const asks = [coalescer.share('a', one.start), coalescer.share('a', one.start), coalescer.share('b', two.start)];
    expect([one.calls.count, two.calls.count, coalescer.size]).toEqual([1, 1, 2]);
    one.resolve('first');
    two.resolve('second');
    expect(await Promise.all(asks)).toEqual(['first', 'first', 'second']);
    expect([coalescer.size, coalescer.running]).toEqual([0, 0]);
    later.resolve('anew');
    expect(await coalescer.share('a', later.start)).toBe('anew');
    expect([coalescer.made, coalescer.joined]).toEqual([3, 1]);
  });

  test('a failure reaches those who wait, and nobody after them', async () => {
    const coalescer = coalescerOf();
    const bad = flight();
    const asks = [coalescer.share('a', bad.start), coalescer.share('a', bad.start)].map(outcome);
    const error = new Error('disk');
    bad.reject(error);
    expect(await Promise.all(asks)).toEqual([error, error]);
    const good = flight();
    good.resolve('well');
    expect(await coalescer.share('a', good.start)).toBe('well');
  });

  test('a start that throws at once leaves nothing behind', async () => {
    const coalescer = coalescerOf({ running: 1 });
    const error = new Error('at once');
    const broken = (): Promise<string> => {
      throw error;
    };
    expect(await outcome(coalescer.share('a', broken))).toBe(error);
    expect([coalescer.size, coalescer.running, clock.timers]).toEqual([0, 0, 0]);
    expect(await coalescer.share('a', async () => 'well')).toBe('well');
  });

  test('the read is registered before it starts: an ask from within joins it', async () => {
    const coalescer = coalescerOf();
    const inner = flight();
    const joined: Promise<string>[] = [];
    const outer = coalescer.share('a', () => {
      joined.push(coalescer.share('a', inner.start));
      return Promise.resolve('once');
    });
    expect(await outer).toBe('once');
    expect(await Promise.all(joined)).toEqual(['once']);
    expect(inner.calls.count).toBe(0);
  });

  test('who leaves ends his own wait; the others and the read go on', async () => {
    const coalescer = coalescerOf();
    const read = flight();
    const impatient = new AbortController();
    const gone = outcome(coalescer.share('a', read.start, { signal: impatient.signal }));
    const patient = coalescer.share('a', read.start, { signal: new AbortController().signal });
    impatient.abort(new Error('gone'));
    expect(await gone).toEqual(new Error('gone'));
    expect([coalescer.size, read.calls.signal?.aborted]).toEqual([1, false]);
    read.resolve('value');
    expect(await patient).toBe('value');
    expect([read.calls.count, coalescer.left]).toEqual([1, 0]);
  });

  test('the last to leave ends the read; the next ask does not join it, and its place is free when it has ended', async () => {
    const coalescer = coalescerOf({ running: 1 });
    const [read, next] = [flight(), flight()];
    const leavers = [new AbortController(), new AbortController()];
    const asks = leavers.map(({ signal }) => outcome(coalescer.share('a', read.start, { signal })));
    for (const leaver of leavers) leaver.abort(new Error('gone'));
    expect(await Promise.all(asks)).toEqual([new Error('gone'), new Error('gone')]);
    expect([read.calls.signal?.aborted, coalescer.left, coalescer.size, coalescer.running]).toEqual([true, 1, 0, 1]);
    const later = coalescer.share('a', next.start);
    expect([next.calls.count, coalescer.waiting]).toEqual([0, 1]);
    read.reject(new Error('nobody hears this'));
    next.resolve('fresh');
    expect(await later).toBe('fresh');
    expect([coalescer.made, clock.timers]).toEqual([2, 0]);
  });

  test('who leaves before the turn of his read comes costs nothing; who comes aborted neither', async () => {
    const coalescer = coalescerOf({ running: 1 });
    const [busy, unwanted] = [flight(), flight()];
    const first = coalescer.share('a', busy.start);
    const leaver = new AbortController();
    const gone = outcome(coalescer.share('b', unwanted.start, { signal: leaver.signal }));
    leaver.abort(new Error('gone'));
    expect(await gone).toEqual(new Error('gone'));
    expect(await outcome(coalescer.share('c', unwanted.start, { signal: leaver.signal }))).toEqual(new Error('gone'));
    busy.resolve('value');
    expect(await first).toBe('value');
    expect([unwanted.calls.count, coalescer.size, coalescer.waiting, coalescer.running]).toEqual([0, 0, 0, 0]);
  });

  test('a read ends at its deadline, under way or waiting; what comes later is dropped', async () => {
    const coalescer = coalescerOf({ running: 1 });
    const [slow, waiting, next] = [flight(), flight(), flight()];
    const asks = [coalescer.share('a', slow.start), coalescer.share('b', waiting.start)].map(outcome);
    await clock.advance(1000);
    for (const error of await Promise.all(asks)) expect(error).toMatchObject({ code: 'timeout', retryable: true });
    expect([slow.calls.signal?.aborted, waiting.calls.count, coalescer.size]).toEqual([true, 0, 0]);
    // The store still works on it: no other read takes its place.
    const later = coalescer.share('a', next.start);
    expect(next.calls.count).toBe(0);
    slow.resolve('too late');
    next.resolve('in time');
    expect(await later).toBe('in time');
    expect([coalescer.late, coalescer.made]).toEqual([2, 2]);
  });

  test('what is forgotten answers who waits and is joined by nobody', async () => {
    const coalescer = coalescerOf();
    const [old, fresh] = [flight(), flight()];
    const before = coalescer.share('a', old.start);
    coalescer.forget('a');
    const after = coalescer.share('a', fresh.start);
    old.resolve('old');
    expect(await before).toBe('old');
    const joined = coalescer.share('a', flight().start);
    fresh.resolve('fresh');
    expect(await Promise.all([after, joined])).toEqual(['fresh', 'fresh']);
  });

  test('more than may wait are refused, joining is not', async () => {
    const coalescer = coalescerOf({ running: 1, waiting: 1 });
    const read = flight();
    const asks = ['a', 'a', 'b'].map((key) => coalescer.share(key, read.start));
    const refused = await outcome(coalescer.share('c', flight().start));
    expect(refused).toBeInstanceOf(Fault);
    expect(refused).toMatchObject({ code: 'overloaded', retryable: true });
    read.resolve('value');
    expect(await Promise.all([...asks, coalescer.share('a', read.start)])).toEqual([
      'value',
      'value',
      'value',
      'value',
    ]);
    expect(coalescer.refused).toBe(1);
  });

  test('a busy partition waits for itself, not the others for it', async () => {
    const coalescer = coalescerOf({ running: 3, runningPerLane: 2 });
    const busy = Array.from({ length: 6 }, flight);
    const calm = flight();
    const asks = busy.map(({ start }, n) => coalescer.share(`busy ${n}`, start, { partition: 'busy' }));
    const other = coalescer.share('calm', calm.start, { partition: 'calm' });
    expect([busy.map(({ calls }) => calls.count), calm.calls.count]).toEqual([[1, 1, 0, 0, 0, 0], 1]);
    calm.resolve('value');
    expect(await other).toBe('value');
    for (const { resolve } of busy) resolve('value');
    expect(await Promise.all(asks)).toEqual(Array<string>(6).fill('value'));
  });
});
