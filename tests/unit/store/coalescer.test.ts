import { describe, expect, test } from 'bun:test';
import { Fault } from '../../../src/protocol/errors.ts';
import { Coalescer } from '../../../src/store/coalescer.ts';

/** A read that the test ends. */
function flight() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const calls = { count: 0 };
  const start = (): Promise<string> => {
    calls.count += 1;
    return promise;
  };
  return { start, resolve, reject, calls };
}

const outcome = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('Coalescer', () => {
  test('equal asks in flight are one read; another key and a later ask fly themselves', async () => {
    const coalescer = new Coalescer<string>(10);
    const [one, two, later] = [flight(), flight(), flight()];
    const asks = [coalescer.share('a', one.start), coalescer.share('a', one.start), coalescer.share('b', two.start)];
    expect([one.calls.count, two.calls.count, coalescer.size]).toEqual([1, 1, 2]);
    one.resolve('first');
    two.resolve('second');
    expect(await Promise.all(asks)).toEqual(['first', 'first', 'second']);
    expect(coalescer.size).toBe(0);
    later.resolve('anew');
    expect(await coalescer.share('a', later.start)).toBe('anew');
  });

  test('a failure reaches those who wait, and nobody after them', async () => {
    const coalescer = new Coalescer<string>(10);
    const bad = flight();
    const asks = [coalescer.share('a', bad.start), coalescer.share('a', bad.start)].map(outcome);
    const error = new Error('disk');
    bad.reject(error);
    expect(await Promise.all(asks)).toEqual([error, error]);
    const good = flight();
    good.resolve('well');
    expect(await coalescer.share('a', good.start)).toBe('well');
  });

  test('a start that throws at once leaves no flight behind', async () => {
    const coalescer = new Coalescer<string>(1);
    const error = new Error('at once');
    const broken = (): Promise<string> => {
      throw error;
    };
    expect(await outcome(coalescer.share('a', broken))).toBe(error);
    expect(coalescer.size).toBe(0);
    expect(await coalescer.share('a', async () => 'well')).toBe('well');
  });

  test('the flight is registered before it starts: an ask from within joins it', async () => {
    const coalescer = new Coalescer<string>(10);
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

  test('an abort ends one wait; the others and the flight go on', async () => {
    const coalescer = new Coalescer<string>(10);
    const read = flight();
    const impatient = new AbortController();
    const gone = outcome(coalescer.share('a', read.start, { signal: impatient.signal }));
    const patient = coalescer.share('a', read.start);
    impatient.abort(new Error('gone'));
    expect(await gone).toEqual(new Error('gone'));
    expect(coalescer.size).toBe(1);
    read.resolve('value');
    expect(await patient).toBe('value');
    expect(read.calls.count).toBe(1);
  });

  test('a flight that everybody left fails in silence, and who comes aborted starts none', async () => {
    const coalescer = new Coalescer<string>(10);
    const read = flight();
    const leaver = new AbortController();
    const gone = outcome(coalescer.share('a', read.start, { signal: leaver.signal }));
    leaver.abort();
    await gone;
    read.reject(new Error('nobody hears this'));
    expect(await outcome(coalescer.share('b', read.start, { signal: leaver.signal }))).toBe(leaver.signal.reason);
    expect([read.calls.count, coalescer.size]).toEqual([1, 0]);
  });

  test('more flights than allowed are refused, joining is not', async () => {
    const coalescer = new Coalescer<string>(1);
    const read = flight();
    const first = coalescer.share('a', read.start);
    const joined = coalescer.share('a', read.start);
    const refused = await outcome(coalescer.share('b', flight().start));
    expect(refused).toBeInstanceOf(Fault);
    expect(refused).toMatchObject({ code: 'overloaded', retryable: true });
    read.resolve('value');
    expect(await Promise.all([first, joined])).toEqual(['value', 'value']);
  });

  test('one partition leaves room for the others', async () => {
    const coalescer = new Coalescer<string>(3, 2);
    const read = flight();
    const ask = (key: string, partition: string) => outcome(coalescer.share(key, read.start, { partition }));
    const first = [ask('a', 'busy'), ask('b', 'busy')];
    expect(await ask('c', 'busy')).toMatchObject({ code: 'overloaded', retryable: true });
    const other = ask('d', 'calm');
    read.resolve('value');
    expect(await Promise.all([...first, ask('a', 'busy'), other])).toEqual(['value', 'value', 'value', 'value']);
    expect(await ask('c', 'busy')).toBe('value');
  });
});
