/** Which requests may be asked of a second node while the first is silent. */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { Client, type policies } from 'cassandra-driver';
import { Cluster } from '../../../src/store/cql/cluster.ts';

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

interface Inner {
  readonly options: {
    readonly policies: { readonly speculativeExecution: policies.speculativeExecution.SpeculativeExecutionPolicy };
  };
}

/** For each request, after how many milliseconds the driver asks the next node; -1: never. */
async function pausesWith(speculativeReadsMs: number): Promise<Record<string, readonly number[]>> {
  const pauses: Record<string, readonly number[]> = {};
  const note = (client: Inner, cql: string, asked: string | object[]): void => {
    const plan = client.options.policies.speculativeExecution.newPlan('k', asked);
    pauses[cql] = [1, 2, 3].map(() => Number(plan.nextExecution({})));
  };
  spies.push(
    spyOn(Client.prototype, 'connect').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'shutdown').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'execute').mockImplementation(async function (this: unknown, cql: string) {
      note(this as Inner, cql, cql);
      return { rows: [], pageState: null, first: () => null, wasApplied: () => true };
    } as unknown as Client['execute']),
    spyOn(Client.prototype, 'batch').mockImplementation(async function (this: unknown, queries: object[]) {
      note(this as Inner, 'batch', queries);
    } as unknown as Client['batch']),
  );
  const cluster = await Cluster.connect({
    ...{ contactPoints: ['127.0.0.1'], localDatacenter: 'here', keyspace: 'k', replication: 3 },
    ...{ username: null, passwordFile: null, ca: null, speculativeReadsMs },
  });
  await cluster.rows('read');
  await cluster.write([{ cql: 'write', params: [] }], false);
  await cluster.write(
    ['one', 'two'].map((cql) => ({ cql, params: [] })),
    true,
  );
  await cluster.transact('transaction', []);
  await cluster.decided('serial read', []);
  await cluster.close();
  return pauses;
}

test('reads are, of two more nodes at most; writes and light-weight transactions never', async () => {
  const never = [-1, -1, -1];
  expect(await pausesWith(70)).toEqual({
    read: [70, 70, -1],
    ...{ write: never, batch: never, transaction: never, 'serial read': never },
  });
});

test('none is unless it is wished for', async () => {
  expect((await pausesWith(0)).read).toEqual([-1, -1, -1]);
});
