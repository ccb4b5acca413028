/** Rows of a keyspace read with Cassandra's own trace: how many partitions were asked, and how many deletions were passed on the way. */
import { Client, types } from 'cassandra-driver';
import type { ClusterOptions, Param, Queries, Statement } from '../../src/store/cql/cluster.ts';
import { eventually } from './eventually.ts';

export class TracedCluster implements Queries, AsyncDisposable {
  readonly client: Client;
  readonly #traces: types.Uuid[] = [];
  /** Each asks one partition. */
  queries = 0;

  constructor(readonly options: ClusterOptions) {
    this.client = new Client({
      contactPoints: [...options.contactPoints],
      localDataCenter: options.localDatacenter,
      encoding: { useBigIntAsLong: true },
      queryOptions: { prepare: true, consistency: types.consistencies.localQuorum },
    });
  }

  async rows<Row>(cql: string, params: readonly Param[] = []): Promise<readonly Row[]> {
    this.queries += 1;
    const result = await this.client.execute(this.#named(cql), params as Param[], {
      traceQuery: true,
      fetchSize: 5000,
    });
    this.#traces.push(result.info.traceId);
    return (result.rows ?? []).map((row) => {
      const entries = row.keys().map((name): [string, unknown] => [name, row[name]]);
      return Object.fromEntries(entries.map(([name, it]) => [name, typeof it === 'bigint' ? String(it) : it])) as Row;
    });
  }

  async first<Row>(cql: string, params: readonly Param[]): Promise<Row | null> {
    return (await this.rows<Row>(cql, params))[0] ?? null;
  }

  async write(statements: readonly Statement[]): Promise<void> {
    for (const { cql, params } of statements) await this.client.execute(this.#named(cql), params as Param[]);
  }

  /** Unlogged batches of one partition, `atOnce` on their way. */
  async fill(batches: Iterable<readonly Statement[]>, atOnce = 8): Promise<void> {
    const under = new Set<Promise<unknown>>();
    for (const batch of batches) {
      const queries = batch.map(({ cql, params }) => ({ query: this.#named(cql), params: params as Param[] }));
      const sent: Promise<unknown> = this.client
        .batch(queries, { prepare: true, logged: false })
        .then(() => under.delete(sent));
      under.add(sent);
      if (under.size >= atOnce) await Promise.race(under);
    }
    await Promise.all(under);
  }

  /** Of all reads so far: what Cassandra says it has passed ("Read 1 live rows and 0 tombstone cells"). */
  async tombstones(): Promise<number> {
    let sum = 0;
    for (const id of this.#traces) {
      // The trace is written after the answer.
      const said = await eventually('the trace is there', async () => {
        const { events } = await this.client.metadata.getTrace(id);
        const lines = events.map(
          ({ activity }: { activity: string }) => /and (\d+) tombstone cells/.exec(activity)?.[1],
        );
        return lines.find((line: string | undefined) => line !== undefined) ?? null;
      });
      sum += Number(said);
    }
    return sum;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.shutdown();
  }

  #named(cql: string): string {
    return cql.replaceAll('{}.', `${this.options.keyspace}.`);
  }
}
