/** Tables are made step by step, as long as nobody else may be at it and until all nodes know them. */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { Client, metadata } from 'cassandra-driver';
import { Cluster } from '../../../src/store/cql/cluster.ts';
import { migrate } from '../../../src/store/cql/migrations.ts';
import { FakeClock } from '../actor/fake-clock.ts';

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

/** The driver leaves it out of its types. */
const { Metadata } = metadata as unknown as {
  readonly Metadata: { readonly prototype: { checkSchemaAgreement(): Promise<boolean> } };
};

const STEPS = ['create table a (id int primary key)', 'create table b (id int primary key)'];

/** What is done in an empty keyspace whose first step takes so long, while the lock cannot be renewed. */
async function done(stepMs: number): Promise<{ readonly done: string[]; readonly end: unknown }> {
  const clock = new FakeClock();
  const said: string[] = [];
  const cluster = {
    keyspace: 'k',
    nodes: () => ({ known: 1, up: 1 }),
    rows: async () => [],
    decided: async () => null,
    transact: async (cql: string) => {
      if (cql.startsWith('update {}.leases')) throw new Error('the cluster is away');
      if (cql.includes("'schema'")) said.push('version');
      return { applied: true, row: null };
    },
    define: async (statements: readonly string[]) => {
      const table = /exists k\.(\w+)/.exec(statements[0] ?? '')?.[1];
      if (table !== undefined) said.push(table);
      if (table === 'a') await clock.advance(stepMs);
    },
  };
  const place = { datacenter: 'here', replication: 1 };
  const end = await migrate(cluster, place, 'me', clock, STEPS).catch((error: unknown) => error);
  return { done: said, end };
}

test('a lock that ran out during a step ends it: the version stays, and the next step is not begun', async () => {
  expect(await done(1000)).toEqual({ done: ['a', 'version', 'b', 'version'], end: { from: 0, to: 2 } });
  const { done: cut, end } = await done(20_000);
  expect(cut).toEqual(['a']);
  expect(end).toMatchObject({ code: 'unavailable', retryable: true });
});

test('nodes that do not agree on the tables are a fault, not the end of a step', async () => {
  let answers: boolean[] = [];
  spies.push(
    spyOn(Client.prototype, 'connect').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'shutdown').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'execute').mockImplementation((async () => ({})) as unknown as Client['execute']),
    spyOn(Metadata.prototype, 'checkSchemaAgreement').mockImplementation(async () => answers.shift() ?? false),
  );
  const cluster = await Cluster.connect({
    ...{ contactPoints: ['127.0.0.1'], localDatacenter: 'here', keyspace: 'k', replication: 1 },
    ...{ username: null, passwordFile: null, ca: null, speculativeReadsMs: 0 },
  });
  answers = [false, true];
  await cluster.define(STEPS, 1);
  const end = await cluster.define(STEPS, 1).catch((error: unknown) => error);
  expect(end).toMatchObject({ code: 'timeout', retryable: true });
  await cluster.close();
});
