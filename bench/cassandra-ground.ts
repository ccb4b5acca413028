/** A Cassandra for a bench: one node of its own, or the one that GUILDHALL_TEST_CASSANDRA names (`host:port`). */
import { Cluster, type ClusterOptions } from '../src/store/cql/cluster.ts';
import { sentence } from '../src/store/cql/trouble.ts';
import { Cassandra, clusterOptions, hasCassandra, RUNNING } from '../tests/support/cassandra.ts';

/** A keyspace that nobody has, dropped when it is disposed of; null, said loudly: no Java or no Maven here. */
export async function cassandraGround(): Promise<(AsyncDisposable & { readonly options: ClusterOptions }) | null> {
  if (!(await hasCassandra())) return null;
  const node = RUNNING === undefined ? await Cassandra.start(1, { isDurable: false, isBrief: false }) : null;
  const options = await clusterOptions(node ?? undefined);
  return {
    options,
    [Symbol.asyncDispose]: async () => {
      const cluster = await Cluster.connect(options);
      // A node that has much to do may take longer than is waited for; the figures are there all the same.
      const said = (error: unknown): void => console.warn(`${options.keyspace} may be left behind: ${sentence(error)}`);
      await cluster.define([`drop keyspace if exists ${options.keyspace}`]).catch(said);
      await cluster.close();
      await node?.stop();
    },
  };
}

/** As `serve` takes them. */
export const flagsOf = ({ contactPoints, keyspace, replication, localDatacenter }: ClusterOptions): string[] => [
  ...['--contact-points', contactPoints.join(','), '--keyspace', keyspace],
  ...['--replication', String(replication), '--local-datacenter', localDatacenter],
];
