/** What became of a write, when the driver has asked more than one node; and that none is asked when this process may not write any more. */
import { afterEach, describe, expect, spyOn, test } from 'bun:test';
import { Client, type ExecutionOptions, errors, type Host, policies, type QueryOptions, types } from 'cassandra-driver';
import { Cluster } from '../../../src/store/cql/cluster.ts';
import { LeasedPlans, WriteAttempts } from '../../../src/store/cql/driver-policies.ts';
import { troubleOf } from '../../../src/store/cql/trouble.ts';

const { ResponseError, OperationTimedOutError } = errors;
const { localQuorum } = types.consistencies;
/** As the driver has it (RetryPolicy.retryDecision). */
const RETHROW = 0;
const tooFew = () => new ResponseError(types.responseErrorCodes.unavailableException, 'too few replicas');
const silent = () => new OperationTimedOutError('no answer in 6000 ms', '127.0.0.1');

const spies: { mockRestore(): void }[] = [];
afterEach(() => {
  for (const spy of spies.splice(0)) spy.mockRestore();
});

interface Told {
  readonly trouble: string;
  /** How many nodes were sent the write. */
  readonly asked: number;
}

/** A driver whose nodes end with these, one after the other. `maySend`: at which node this process still holds the lease. */
async function write(ends: readonly Error[], maySend: (asked: number) => boolean = () => true): Promise<Told> {
  let asked = 0;
  const send = async (options: QueryOptions | undefined): Promise<never> => {
    const retry = options?.retry as policies.retry.RetryPolicy;
    for (const error of ends) {
      asked += 1;
      const info = { query: '', executionOptions: {}, nbRetry: asked - 1 } as policies.retry.OperationInfo;
      const isUnavailable = error instanceof ResponseError && error.message === 'too few replicas';
      const { decision } = isUnavailable
        ? retry.onUnavailable(info, localQuorum, 2, true)
        : retry.onRequestError(info, localQuorum, error);
      if (decision === RETHROW) throw error;
    }
    throw ends.at(-1) ?? new Error('no node');
  };
  spies.push(
    spyOn(Client.prototype, 'connect').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'shutdown').mockImplementation(async () => {}),
    spyOn(Client.prototype, 'execute').mockImplementation((async (...[, , options]: readonly unknown[]) =>
      send(options as QueryOptions)) as unknown as Client['execute']),
    spyOn(Client.prototype, 'batch').mockImplementation((async (...[, options]: readonly unknown[]) =>
      send(options as QueryOptions)) as unknown as Client['batch']),
  );
  const options = { contactPoints: ['127.0.0.1'], localDatacenter: 'here', keyspace: 'k' };
  const cluster = await Cluster.connect({
    ...{ ...options, username: null, passwordFile: null, ca: null },
    ...{ replication: 1, speculativeReadsMs: 0 },
  });
  const one = { cql: 'insert', params: [] };
  const told: Told[] = [];
  for (const statements of [[one], [one, one]]) {
    asked = 0;
    const trouble = await cluster.write(statements, false, () => maySend(asked)).then(() => 'stored', troubleOf);
    told.push({ trouble, asked });
  }
  await cluster.close();
  const [single, batch] = told;
  expect(batch).toEqual(single!);
  return single!;
}

test('a write that one node may have stored is late, though the next one could not take it', async () => {
  expect(await write([silent(), tooFew()])).toEqual({ trouble: 'late', asked: 2 });
});

test('one that no node has taken is absent', async () => {
  expect(await write([tooFew()])).toEqual({ trouble: 'absent', asked: 1 });
  const bootstrapping = new ResponseError(types.responseErrorCodes.isBootstrapping, 'it is starting');
  expect(await write([bootstrapping, tooFew()])).toEqual({ trouble: 'absent', asked: 2 });
});

describe('a write whose lease ends while a node hangs', () => {
  test('goes to no other node, and may be stored', async () => {
    expect(await write([silent(), silent(), silent()], (asked) => asked < 2)).toEqual({ trouble: 'late', asked: 2 });
    expect(await write([silent(), tooFew()], () => false)).toEqual({ trouble: 'late', asked: 1 });
  });

  test('goes to no other node when the first did not take it either, and is absent', async () => {
    expect(await write([tooFew(), silent()], () => false)).toEqual({ trouble: 'absent', asked: 1 });
  });

  test('goes to no node at all when the statement was prepared for so long', () => {
    let isHeld = true;
    const nodes = ['a', 'b', 'c'].map((address) => ({ address }) as Host);
    const child = { newQueryPlan: (_: string, __: ExecutionOptions, told: Plans) => told(noError, nodes.values()) };
    const plans = new LeasedPlans(child as unknown as policies.loadBalancing.LoadBalancingPolicy);
    const planOf = (retry: policies.retry.RetryPolicy): Iterator<Host> => {
      const options = {
        getRetryPolicy: () => retry,
        getRoutingKey: () => undefined,
        getKeyspace: () => undefined,
      } as unknown as ExecutionOptions;
      const found: Iterator<Host>[] = [];
      plans.newQueryPlan('k', options, (_, hosts) => found.push(hosts));
      return found[0]!;
    };
    const begun = planOf(new WriteAttempts(() => isHeld));
    expect(begun.next().value).toBe(nodes[0]!);
    isHeld = false;
    expect(begun.next().done).toBe(true);
    expect(planOf(new WriteAttempts(() => isHeld)).next().done).toBe(true);
    // Reads go on.
    expect([...{ [Symbol.iterator]: () => planOf(new policies.retry.RetryPolicy()) }]).toEqual(nodes);
  });
});

type Plans = (error: Error, hosts: Iterator<Host>) => void;
const noError = null as unknown as Error;

test('a batch log that is late is not asked once more: beside a node that died it would be as late again', () => {
  const attempts = new WriteAttempts(() => true);
  const info = { query: '', executionOptions: {}, nbRetry: 0 } as policies.retry.OperationInfo;
  const asked: policies.retry.RetryPolicy = attempts;
  expect(asked.onWriteTimeout(info, types.consistencies.two, 1, 2, 'BATCH_LOG').decision).toBe(RETHROW);
  expect(attempts.wasLate).toBe(true);
});
