/** A reader of the embedded store looks up between its reads: what was forgotten before its turn is not read. */
import { expect, test } from 'bun:test';
import { ReadQueue } from '../../../src/store/sqlite/read-queue.ts';
import { type Answers, FORGET, Outbox } from '../../../src/store/thread/wire.ts';

/** Each read takes as long as its arguments say. */
function scene() {
  let now = 0;
  const turns: (() => void)[] = [];
  const [read, answers]: [string[], Answers[]] = [[], []];
  const clock = { monotonic: () => now, defer: (task: () => void) => void turns.push(task) };
  const answer = (method: string, args: string): [string, string] => {
    read.push(method);
    now += Number(args);
    return ['ok', `of ${method}`];
  };
  const outbox = new Outbox({ postMessage: (those) => void answers.push(those) });
  return { queue: new ReadQueue(clock, outbox, { answer }), read, answers, turn: () => turns.shift()?.() };
}

test('all that arrived in a turn is heard before it is read, in order, and answered as one message', () => {
  const { queue, read, answers, turn } = scene();
  queue.take([1, 'a', '0', 2, 'b', '0']);
  queue.take([3, 'c', '0', 2, FORGET, '']);
  turn();
  expect(read).toEqual(['a', 'c']);
  expect(answers).toEqual([[2, 'left', '', 1, 'ok', 'of a', 3, 'ok', 'of c']]);
});

test('when its port closes, what waits is not read', () => {
  const { queue, read, turn } = scene();
  queue.take([1, 'a', '50', 2, 'b', '50']);
  turn();
  queue.close();
  turn();
  expect(read).toEqual(['a']);
});

test('long reads let others be heard in between; what nobody asked for, or is answered, is not forgotten twice', () => {
  const { queue, read, answers, turn } = scene();
  queue.take([1, 'a', '50', 2, 'b', '50', 3, 'c', '50']);
  turn();
  expect([read, answers.length]).toEqual([['a'], 1]);
  queue.take([1, FORGET, '', 2, FORGET, '', 9, FORGET, '', 4, 'd', '0']);
  turn();
  turn();
  expect(read).toEqual(['a', 'c', 'd']);
  expect(answers.flat()).toEqual([1, 'ok', 'of a', 2, 'left', '', 3, 'ok', 'of c', 4, 'ok', 'of d']);
  expect(turn()).toBeUndefined();
});
