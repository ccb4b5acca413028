/** A read of many questions to the cluster: who leaves in the middle of it stops it there, and it is not begun again. */
import { expect, test } from 'bun:test';
import { errors } from 'cassandra-driver';
import { snowflakeAt } from '../../../src/protocol/snowflake.ts';
import { BUCKET_MS, bucketOf } from '../../../src/store/buckets.ts';
import { dbOf } from '../../../src/store/cql/db.ts';
import { Reader } from '../../../src/store/cql/reader.ts';
import { type Answers, FORGET, Outbox } from '../../../src/store/thread/wire.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const CHANNEL = '7';
const NOW = 1_700_000_000_000;
const BUCKETS = Array.from({ length: 5 }, (_, n) => snowflakeAt(NOW - n * BUCKET_MS));
const PAGE = JSON.stringify([{ channelId: CHANNEL, before: null, after: null, around: null, limit: 50 }]);

/** A channel with five buckets; each question for rows of one waits for the test. */
function scene() {
  const clock = new FakeClock();
  const asked: PromiseWithResolvers<readonly never[]>[] = [];
  const answers: Answers[] = [];
  const cluster = {
    rows: <Row>(cql: string, _params: readonly unknown[] = [], left?: AbortSignal): Promise<readonly Row[]> => {
      left?.throwIfAborted();
      const buckets = BUCKETS.map((newest) => ({ bucket: bucketOf(newest), newest, owner: null }) as Row);
      if (cql.includes('.channels')) return Promise.resolve(buckets);
      const question = Promise.withResolvers<readonly never[]>();
      asked.push(question);
      return question.promise;
    },
    first: async () => null,
    write: async () => {},
  };
  const outbox = new Outbox({ postMessage: (those) => void answers.push(those) });
  const reader = new Reader(dbOf(cluster, clock), clock, 5000, () => outbox.flush());
  const { take: ask, close } = reader.connect(outbox);
  return { clock, asked, answers, ask, close };
}

test('it asks bucket after bucket as long as somebody waits', async () => {
  const { clock, asked, answers, ask } = scene();
  ask([1, 'page', PAGE]);
  for (let n = 0; n < BUCKETS.length; n += 1) {
    await clock.settle();
    expect(asked.length).toBe(n + 1);
    asked[n]?.resolve([]);
  }
  await clock.settle();
  expect(answers).toEqual([[1, 'ok', '[]']]);
});

test('forgotten, it ends with the question that is at the cluster', async () => {
  const { clock, asked, answers, ask } = scene();
  ask([1, 'page', PAGE, 2, 'page', PAGE]);
  await clock.settle();
  ask([1, FORGET, '', 8, FORGET, '']);
  await clock.settle();
  expect([asked.length, answers.length]).toEqual([2, 0]);
  for (const question of asked.slice()) question.resolve([]);
  await clock.settle();
  // The other one goes on.
  expect([asked.length, answers.map((each) => each.slice(0, 2))]).toEqual([3, [[1, 'left']]]);
  ask([1, FORGET, '']);
});

test('forgotten while it waits to be asked again, it is not', async () => {
  const { clock, asked, answers, ask } = scene();
  ask([1, 'reactors', JSON.stringify([CHANNEL, '5', 'x', null, 10])]);
  await clock.settle();
  asked[0]?.reject(new errors.OperationTimedOutError('no node answers'));
  await clock.settle();
  ask([1, FORGET, '']);
  await clock.advance(50);
  expect([asked.length, answers.map((each) => each.slice(0, 2))]).toEqual([1, [[1, 'left']]]);
});

test('when its port closes, all that it asked for ends so', async () => {
  const { clock, asked, ask, close } = scene();
  ask([1, 'page', PAGE, 2, 'page', PAGE]);
  await clock.settle();
  close();
  for (const question of asked.slice()) question.resolve([]);
  await clock.settle();
  expect(asked.length).toBe(2);
});

test('forgotten, a read that fails is not asked again', async () => {
  const { clock, asked, answers, ask } = scene();
  ask([1, 'page', PAGE, 2, 'page', PAGE]);
  await clock.settle();
  ask([1, FORGET, '']);
  for (const question of asked.slice()) question.reject(new errors.OperationTimedOutError('no node answers'));
  await clock.settle();
  expect(answers.map((each) => each.slice(0, 2))).toEqual([[1, 'left']]);
  await clock.advance(50);
  expect(asked.length).toBe(3);
});
