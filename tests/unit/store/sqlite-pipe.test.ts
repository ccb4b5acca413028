import { describe, expect, test } from 'bun:test';
import { MessageChannel } from 'node:worker_threads';
import type { Clock } from '../../../src/base/clock.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import { Pipe } from '../../../src/store/thread/pipe.ts';
import { type Answers, FORGET } from '../../../src/store/thread/wire.ts';
import { eventually } from '../../support/eventually.ts';

/** A clock that the test moves; what is deferred is run by `turn`. */
function handClock() {
  let now = 0;
  const timers = new Set<{ at: number; task: () => void }>();
  const deferred: (() => void)[] = [];
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    after: (ms, task) => {
      const timer = { at: now + ms, task };
      timers.add(timer);
      return { cancel: () => void timers.delete(timer) };
    },
    defer: (task) => void deferred.push(task),
  };
  const advance = (ms: number): void => {
    now += ms;
    for (const timer of timers) {
      if (timer.at > now) continue;
      timers.delete(timer);
      timer.task();
    }
  };
  const turn = (): void => {
    for (const task of deferred.splice(0)) task();
  };
  return { clock, advance, turn, timers };
}

function open(maxInFlight = 3, graceMs?: number) {
  const { port1, port2 } = new MessageChannel();
  const heard: Answers[] = [];
  const states: string[] = [];
  port2.on('message', (entries: Answers) => void heard.push(entries));
  const hand = handClock();
  const onState = (state: string): void => void states.push(state);
  const pipe = new Pipe(port1, {
    ...{ clock: hand.clock, deadlineMs: 100, maxInFlight, onState },
    ...(graceMs !== undefined && { graceMs }),
  });
  const ask = (what: string): Promise<string | number> => pipe.ask((id) => ['ask', id, what]);
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      (value) => `value ${String(value)}`,
      (error: unknown) => (error instanceof Fault ? error.code : String(error)),
    );
  return { pipe, peer: port2, heard, states, ask, codeOf, ...hand };
}

describe('Pipe', () => {
  test('what is asked in one turn is one message, and each ask gets its own answer', async () => {
    const { ask, turn, heard, peer, states, pipe } = open();
    const asks = [ask('a'), ask('b')];
    pipe.tell(['told']);
    turn();
    await eventually('the message is there', () => heard.length > 0);
    expect(heard).toEqual([['ask', 1, 'a', 'ask', 2, 'b', 'told']]);
    peer.postMessage([2, 'ok', 'for b', 0, 'state', 'full', 1, 'ok', 7]);
    expect(await Promise.all(asks)).toEqual([7, 'for b']);
    expect(states).toEqual(['full']);
    pipe.end(new Fault('unavailable', false, 'closed'));
  });

  test('an ask without an answer ends at its own deadline; a late answer finds nobody', async () => {
    const { ask, codeOf, advance, turn, peer, pipe, timers } = open();
    const first = codeOf(ask('a'));
    advance(60);
    const second = ask('b');
    turn();
    advance(40);
    expect(await first).toBe('timeout');
    expect(pipe.inFlight).toBe(1);
    peer.postMessage([1, 'ok', 'late', 2, 'ok', 'in time']);
    expect(await second).toBe('in time');
    advance(100);
    expect(timers.size).toBe(0);
    const third = codeOf(ask('c'));
    advance(100);
    expect(await third).toBe('timeout');
    pipe.end(new Fault('unavailable', false, 'closed'));
  });

  test('the other side is told that nobody waits; the ask counts until it has answered', async () => {
    const { turn, heard, peer, pipe, codeOf } = open(1);
    const [leaving, stays] = [new AbortController(), new AbortController()];
    const left = codeOf(pipe.ask((id) => ['ask', id, 'a'], leaving.signal));
    turn();
    leaving.abort();
    turn();
    await eventually('it is told', () => heard.length === 2);
    expect(heard[1]).toEqual([1, FORGET, '']);
    expect(await codeOf(pipe.ask((id) => ['ask', id, 'b']))).toBe('overloaded');
    peer.postMessage([1, 'left', '']);
    expect(await left).toBe('lost');
    const answered = pipe.ask((id) => ['ask', id, 'c'], stays.signal);
    turn();
    peer.postMessage([2, 'ok', 'for c']);
    expect(await answered).toBe('for c');
    // It has its answer: there is nothing to tell.
    stays.abort();
    pipe.tell(['told']);
    turn();
    await eventually('the next is there', () => heard.length === 4);
    expect(heard[3]).toEqual(['told']);
    pipe.end(new Fault('unavailable', false, 'closed'));
  });

  test('of an ask that is too late the other side is told that nobody waits, and it counts until that is answered, or for a while', async () => {
    const { ask, turn, advance, heard, peer, pipe, codeOf, timers } = open(2, 50);
    const asks = [ask('a'), ask('b')].map(codeOf);
    turn();
    advance(60);
    expect(await codeOf(ask('c'))).toBe('overloaded');
    advance(40);
    turn();
    await eventually('it is told', () => heard.length === 2);
    expect(heard[1]).toEqual([1, FORGET, '', 2, FORGET, '']);
    expect(await codeOf(ask('c'))).toBe('overloaded');
    peer.postMessage([1, 'left', '']);
    expect(await asks[0]).toBe('timeout');
    const third = codeOf(ask('c'));
    advance(49);
    expect(pipe.inFlight).toBe(2);
    advance(1);
    expect(await asks[1]).toBe('timeout');
    // The clock goes on to the deadline of what is left.
    advance(50);
    turn();
    peer.postMessage([3, 'ok', 'late, and there is somebody']);
    expect(await third).toBe('value late, and there is somebody');
    advance(100);
    expect([pipe.inFlight, timers.size]).toEqual([0, 0]);
    pipe.end(new Fault('unavailable', false, 'closed'));
  });

  test('who has left before he asks asks nothing', async () => {
    const { pipe, turn, heard, peer, ask } = open();
    const left = pipe.ask((id) => ['ask', id, 'a'], AbortSignal.abort('gone')).catch((error) => error);
    expect(await left).toBe('gone');
    const other = ask('b');
    turn();
    peer.postMessage([1, 'ok', 'for b']);
    expect(await other).toBe('for b');
    expect(heard).toEqual([['ask', 1, 'b']]);
    pipe.end(new Fault('unavailable', false, 'closed'));
  });

  test('more asks than allowed are refused at once', async () => {
    const { ask, codeOf, pipe } = open(2);
    const asks = [ask('a'), ask('b'), ask('c')].map(codeOf);
    expect(await asks[2]).toBe('overloaded');
    pipe.end(new Fault('unavailable', false, 'closed'));
    expect(await Promise.all(asks)).toEqual(['unavailable', 'unavailable', 'overloaded']);
  });

  test('when the other side dies everything pending fails, and every later ask', async () => {
    const { ask, codeOf, turn, heard, peer, pipe } = open();
    const asks = [ask('a'), ask('b')].map(codeOf);
    turn();
    await eventually('the message is there', () => heard.length > 0);
    peer.close();
    expect(await Promise.all(asks)).toEqual(['unavailable', 'unavailable']);
    expect(pipe.alive).toBe(false);
    expect(await codeOf(ask('c'))).toBe('unavailable');
    await pipe.drained();
  });

  test.each([
    ['full', 'full', true],
    ['broken', 'broken', true],
    ['fenced', 'fenced', false],
    ['batch', 'broken', false],
  ] as const)('the outcome %p is the fault %p, to be tried again: %p', async (outcome, code, retryable) => {
    const { ask, peer, pipe } = open();
    const answer = ask('a').catch((error: unknown) => error);
    peer.postMessage([1, outcome, 'why']);
    expect(await answer).toMatchObject({ code, retryable });
    pipe.end(new Fault('unavailable', false, 'closed'));
  });
});
