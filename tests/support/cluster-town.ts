/** Servers on Cassandra, for tests that ask of a whole server there what they ask of one on its own files. */
import { createHash } from 'node:crypto';
import type { Config } from '../../src/config.ts';
import type { ClusterOptions } from '../../src/store/cql/cluster.ts';
import { type Cassandra, clusterOptions } from './cassandra.ts';

/** Of a server on a keyspace that nobody has, on the shared node. */
export async function onCassandra(): Promise<Partial<Config>> {
  return configOf(await clusterOptions());
}

/** The same keyspace for the same data directory: of a server that is started again. */
export async function keyspaceOf(dataDir: string): Promise<Partial<Config>> {
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 16);
  return configOf({ ...(await clusterOptions()), keyspace: `town_${hash}` });
}

/** As a server that is started by its command takes it, on a keyspace that nobody has. */
export const flagsOnCassandra = async (cluster?: Pick<Cassandra, 'contactPoints'>): Promise<readonly string[]> =>
  flagsOf(await clusterOptions(cluster));

export const flagsOf = ({
  contactPoints,
  localDatacenter,
  keyspace,
  replication,
}: ClusterOptions): readonly string[] => [
  ...['--store', 'cql', '--contact-points', contactPoints.join(','), '--local-datacenter', localDatacenter],
  ...['--keyspace', keyspace, '--replication', String(replication)],
];

export const configOf = ({
  contactPoints,
  localDatacenter,
  keyspace,
  replication,
}: ClusterOptions): Partial<Config> => ({
  store: 'cql',
  contactPoints: contactPoints.join(','),
  localDatacenter,
  keyspace,
  replication,
});
