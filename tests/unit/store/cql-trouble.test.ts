/** What became of a write, when the driver has asked more than one node. */
import { afterEach, expect, spyOn, test } from 'bun:test';
import { Client, errors, type policies, type QueryOptions, types } from 'cassandra-driver';
import { Cluster, troubleOf } from '../../../src/store/cql/cluster.ts';

const { ResponseError, OperationTimedOutError } = errors;
const refusedByTheLast = () => new ResponseError(types.responseErrorCodes.unavailableException, 'too few replicas');

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

/** A driver whose first node ends with this, and whose second says that it has too few replicas. */
async function troubleAfter(first: Error | null): Promise<string> {
  const fail = async (options: QueryOptions | undefined): Promise<never> => {
    const retry = options?.retry as policies.retry.RetryPolicy | undefined;
    const info = { query: '', executionOptions: {}, nbRetry: 0 } as policies.retry.OperationInfo;
    if (first !== null) retry?.onRequestError(info, types.consistencies.localQuorum, first);
    throw refusedByTheLast();
  };
  spies.push(
    spyOn(Client.prototype, 'connect').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'shutdown').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'execute').mockImplementation((async (...[, , options]: readonly unknown[]) =>
      fail(options as QueryOptions)) as unknown as Client['execute']),
    spyOn(Client.prototype, 'batch').mockImplementation((async (...[, options]: readonly unknown[]) =>
      fail(options as QueryOptions)) as unknown as Client['batch']),
  );
  const options = { contactPoints: ['127.0.0.1'], localDatacenter: 'here', keyspace: 'k' };
  const cluster = await Cluster.connect({ ...options, username: null, passwordFile: null, replication: 1 });
  const one = { cql: 'insert', params: [] };
  const told = [];
  for (const statements of [[one], [one, one]]) {
    told.push(await cluster.write(statements, false).then(() => 'stored', troubleOf));
  }
  await cluster.close();
  const [said = '', again] = told;
  expect(again).toBe(said);
  return said;
}

test('a write that one node may have stored is late, though the next one could not take it', async () => {
  expect(await troubleAfter(new OperationTimedOutError('no answer in 6000 ms', '127.0.0.1'))).toBe('late');
});

test('one that no node has taken is absent', async () => {
  expect(await troubleAfter(null)).toBe('absent');
  const bootstrapping = new ResponseError(types.responseErrorCodes.isBootstrapping, 'it is starting');
  expect(await troubleAfter(bootstrapping)).toBe('absent');
});
