/** How batches go when the cluster's batch log is late: a node has died, and the others do not know it yet. */
import { expect, test } from 'bun:test';
import { errors } from 'cassandra-driver';
import { guildKey, type OwnerKey } from '../../../src/protocol/ids.ts';
import type { Cluster, Statement } from '../../../src/store/cql/cluster.ts';
import { dbOf } from '../../../src/store/cql/db.ts';
import { Epochs } from '../../../src/store/cql/epochs.ts';
import { ClusterHealth } from '../../../src/store/cql/health.ts';
import { Stamps } from '../../../src/store/cql/stamps.ts';
import { encodeBatch } from '../../../src/store/cql/statements.ts';
import { Writer } from '../../../src/store/cql/writer.ts';
import { Outbox } from '../../../src/store/thread/wire.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const LATE_MS = 2000;

/** Takes everything at once; a logged batch, while its log is late, not before its time is over. */
class Nodes {
  isLate = false;
  logged = 0;
  readonly stored: string[] = [];
  epoch: string | null = null;

  constructor(readonly clock: FakeClock) {}

  rows = async () => [];
  first = async () => null;
  decided = async () => (this.epoch === null ? null : { value: this.epoch });
  transact = async (_cql: string, [value]: readonly string[]) => {
    this.epoch = value ?? null;
    return { applied: true, row: null };
  };

  write = async (statements: readonly Statement[], logged: boolean): Promise<void> => {
    if (logged) this.logged += 1;
    if (logged && this.isLate) {
      await new Promise<void>((resolve) => this.clock.after(LATE_MS, resolve));
      throw new errors.OperationTimedOutError('the batch log is late', '127.0.0.1');
    }
    for (const { cql, params } of statements) if (cql.includes('.results')) this.stored.push(String(params[1]));
  };
}

class Store {
  readonly clock = new FakeClock();
  readonly nodes = new Nodes(this.clock);
  readonly #epochs = new Epochs(this.nodes as unknown as Cluster);
  readonly #answers: (string | number)[] = [];
  readonly #outbox = new Outbox({ postMessage: (answers) => void this.#answers.push(...answers) });
  readonly #writer: Writer;
  #asked = 0;

  constructor() {
    const { clock, nodes } = this;
    const stamps = new Stamps(0);
    stamps.raise(Number.MAX_SAFE_INTEGER);
    const cluster = nodes as unknown as Cluster;
    this.#writer = new Writer({
      ...{ db: dbOf(cluster, clock), clock, stamps, epochs: this.#epochs },
      ...{ health: new ClusterHealth(clock), lease: { isHeld: true, isOver: false } },
      ...{ deadlineMs: 8000, maxWaiting: 1000, atOnce: 256, warn: () => {}, answered: () => this.#outbox.flush() },
    });
  }

  async open(): Promise<this> {
    await this.#epochs.reserve();
    return this;
  }

  /** A batch of two partitions, of an owner of its own. Whether it is stored when so much time has passed. */
  async commits(name: string, ms: number): Promise<boolean> {
    this.#asked += 1;
    const owner: OwnerKey = guildKey(String(this.#asked));
    const ops = encodeBatch(owner, [
      { w: 'putLogin', login: name, userId: '5' },
      { w: 'putResult', commandId: name, result: '{}', at: 0 },
    ]);
    const epoch = this.#epochs.next(owner);
    this.#writer.take(['commit', this.#asked, owner, epoch, ops.length, ...ops], this.#outbox);
    await this.clock.advance(ms);
    const at = this.#answers.indexOf(this.#asked);
    return at !== -1 && this.#answers[at + 1] === 'ok' && this.nodes.stored.includes(name);
  }
}

test('one batch waits for a late batch log, those after it do not; now and then one tries it, until it answers', async () => {
  const store = await new Store().open();
  const { nodes, clock } = store;
  expect(await store.commits('before', 0)).toBe(true);
  expect(nodes.logged).toBe(1);
  nodes.isLate = true;
  expect(await store.commits('first', 1999)).toBe(false);
  await clock.advance(1);
  expect(nodes.stored).toEqual(['before', 'first']);
  for (let n = 0; n < 20; n += 1) expect(await store.commits(`later ${n}`, 0)).toBe(true);
  expect(nodes.logged).toBe(2);
  await clock.advance(5000);
  expect(await store.commits('on trial', 0)).toBe(false);
  expect(await store.commits('beside it', 0)).toBe(true);
  expect(nodes.logged).toBe(3);
  await clock.advance(10_000);
  nodes.isLate = false;
  expect(await store.commits('answered', 0)).toBe(true);
  expect(await store.commits('and so are all', 0)).toBe(true);
  expect(nodes.logged).toBe(5);
});
