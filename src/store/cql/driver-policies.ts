/** What the driver is told about whom it may ask, and when again. */
import { type Client, type ExecutionOptions, type Host, policies } from 'cassandra-driver';
import { troubleOf } from './trouble.ts';

const { RetryPolicy } = policies.retry;
type Retries = policies.retry.RetryPolicy;
type Decision = policies.retry.DecisionInfo;

/**
 * Of one write. The driver asks one node after the other, each for seconds, and what it says at the end is of the last: an earlier one may have stored
 * what that one did not take. And whoever may write when it begins may not when the next node's turn comes.
 */
export class WriteAttempts extends RetryPolicy {
  wasLate = false;

  constructor(readonly maySend: () => boolean) {
    super();
  }

  override onRequestError(...asked: Parameters<Retries['onRequestError']>): Decision {
    if (troubleOf(asked[2]) !== 'absent') this.wasLate = true;
    return this.#inTime(super.onRequestError(...asked));
  }

  /** The driver would ask once more when the batch log was late: beside a node that died that one is as late, and whoever asks has another way. */
  override onWriteTimeout(): Decision {
    this.wasLate = true;
    return this.rethrowResult();
  }

  override onUnavailable(...asked: Parameters<Retries['onUnavailable']>): Decision {
    return this.#inTime(super.onUnavailable(...asked));
  }

  override onReadTimeout(...asked: Parameters<Retries['onReadTimeout']>): Decision {
    return this.#inTime(super.onReadTimeout(...asked));
  }

  #inTime(decision: Decision): Decision {
    return this.maySend() ? decision : this.rethrowResult();
  }
}

type Told = Parameters<policies.loadBalancing.TokenAwarePolicy['newQueryPlan']>[2];

/**
 * A request goes to a node that has the row. A write finds no node any more when it may not be sent: also the first one is asked for late, when the
 * statement had to be prepared, which nodes that hang hold up for seconds.
 *
 * One case asks nobody, and the driver has no place for it: a node that has not met a statement, or forgotten it, says "unprepared", and is given the
 * statement and then the write again. Such a node answers, so that takes no longer than its answers do, each of which is waited for as long as for any. A
 * write that leaves too late all the same has a timestamp below those of the next holder of the lease: what that one writes stays.
 */
export class LeasedPlans extends policies.loadBalancing.TokenAwarePolicy {
  #client: Client | null = null;

  override init(...known: Parameters<policies.loadBalancing.LoadBalancingPolicy['init']>): void {
    this.#client = known[0];
    super.init(...known);
  }

  /** Without options when a statement is prepared, and for the driver's own connection. */
  override newQueryPlan(keyspace: string, options: ExecutionOptions | null, told: Told): void {
    const attempts = options?.getRetryPolicy();
    super.newQueryPlan(keyspace, options as ExecutionOptions, (error, hosts) => {
      if (!hosts) told(error, hosts);
      else if (options === null) told(error, this.#readiest(hosts));
      else told(error, attempts instanceof WriteAttempts ? whileMay(hosts, attempts.maySend) : hosts);
    });
  }

  /**
   * Those first that owe the fewest answers: whoever asks with a statement that was never prepared waits for one node alone, as long as for any answer,
   * and one that hangs owes more and more.
   */
  #readiest(hosts: Iterator<Host>): Iterator<Host> {
    const state = this.#client?.getState();
    const owed = (host: Host): number => state?.getInFlightQueries(host) ?? 0;
    return [...{ [Symbol.iterator]: () => hosts }].sort((a, b) => owed(a) - owed(b)).values();
  }
}

function* whileMay(hosts: Iterator<Host>, maySend: () => boolean): Generator<Host, void> {
  for (let next = hosts.next(); !next.done && maySend(); next = hosts.next()) yield next.value;
}

/** Nodes that are asked besides the first. */
const MOST_MORE = 2;
const NEVER = new policies.speculativeExecution.NoSpeculativeExecutionPolicy();

/** Another node is asked, too, when one has not answered for a while. Reads alone: a write is sent when its lease says so. */
export class SpeculativeReads extends policies.speculativeExecution.ConstantSpeculativeExecutionPolicy {
  readonly #reads = new Set<string>();

  constructor(ms: number) {
    super(ms, MOST_MORE);
  }

  /** A statement that reads. They are as few as are prepared. */
  allow(cql: string): void {
    this.#reads.add(cql);
  }

  override newPlan(keyspace: string, asked: string | object[]): ReturnType<typeof NEVER.newPlan> {
    if (typeof asked === 'string' && this.#reads.has(asked)) return super.newPlan(keyspace, asked);
    return NEVER.newPlan(keyspace, asked);
  }
}
