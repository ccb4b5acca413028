/** The writer when the lease ends while a write is on its way to one node after the other. */
import { expect, test } from 'bun:test';
import { errors } from 'cassandra-driver';
import type { Cluster, Queries } from '../../../src/store/cql/cluster.ts';
import { dbOf } from '../../../src/store/cql/db.ts';
import { Epochs } from '../../../src/store/cql/epochs.ts';
import { ClusterHealth } from '../../../src/store/cql/health.ts';
import { Stamps } from '../../../src/store/cql/stamps.ts';
import { encodeBatch } from '../../../src/store/cql/statements.ts';
import { Writer } from '../../../src/store/cql/writer.ts';
import { type Answers, Outbox } from '../../../src/store/thread/wire.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const OWNER = 'g:1';
const NODES = 3;
const HANGS_MS = 6000;

test('a write whose lease ends at a node that hangs is sent to no other node, nor again, and its owner is told', async () => {
  const clock = new FakeClock();
  const lease = { isHeld: true, isOver: false };
  let sent = 0;
  let isHanging = false;
  const cluster: Queries = {
    rows: async () => [],
    first: async () => null,
    // As the driver does it: each node has its time, and is asked for only if it may be.
    write: async (_statements, _logged, maySend = () => true) => {
      for (let node = 0; node < NODES && maySend(); node += 1) {
        sent += 1;
        if (!isHanging) return;
        await new Promise<void>((resolve) => clock.after(HANGS_MS, resolve));
      }
      throw new errors.OperationTimedOutError('no answer in time', '127.0.0.1');
    },
  };
  const answers: Answers[number][] = [];
  const outbox = new Outbox({ postMessage: (told) => answers.push(...told) });
  const counters = {
    decided: async () => ({ value: '0' }),
    transact: async () => ({ applied: true, row: null }),
  } as unknown as Cluster;
  const stamps = new Stamps(0);
  stamps.raise(Number.MAX_SAFE_INTEGER - 1e6);
  const writer = new Writer({
    ...{
      db: dbOf(cluster, clock),
      clock,
      lease,
      stamps,
      epochs: new Epochs(counters),
      health: new ClusterHealth(clock),
    },
    ...{ deadlineMs: 15_000, maxWaiting: 10, atOnce: 1, answered: () => outbox.flush(), warn: () => {} },
  });
  writer.take(['fence', 1, OWNER], outbox);
  await clock.settle();
  expect(answers).toEqual([1, 'ok', 1]);
  const before = sent;
  isHanging = true;
  const ops = encodeBatch(OWNER, [{ w: 'putRow', row: { seq: 1, note: '{}', at: 1 } }]);
  writer.take(['commit', 2, OWNER, 1, ops.length, ...ops], outbox);
  await clock.settle();
  expect(sent).toBe(before + 1);
  lease.isHeld = false;
  await clock.advance(10 * HANGS_MS);
  expect(sent).toBe(before + 1);
  // It may be stored, so its owner waits until it is known that this process never writes again.
  expect(answers.length).toBe(3);
  lease.isOver = true;
  await clock.advance(2000);
  expect(answers.slice(3, 5)).toEqual([2, 'unavailable']);
  expect(sent).toBe(before + 1);
});
