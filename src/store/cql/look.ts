/** Looks at a cluster and a keyspace from outside: nothing is changed, and a server may be running on it. */
import { Cluster, type ClusterOptions, NoDatacenter } from './cluster.ts';
import { type Shortage, shortageOf } from './copies.ts';
import { MIGRATIONS, versionOf } from './migrations.ts';
import { sentence } from './trouble.ts';

type Nodes = ReturnType<Cluster['nodes']>;

export type KeyspaceLook =
  | { readonly keyspace: 'unreachable'; readonly why: string }
  /** The cluster has no datacenter of that name. */
  | { readonly keyspace: 'elsewhere'; readonly datacenters: readonly string[] }
  /** It keeps, or would keep, more copies than there are nodes for. */
  | ({ readonly keyspace: 'short' } & Shortage)
  | { readonly keyspace: 'none' }
  /** Nodes are there, and could not say more. */
  | { readonly keyspace: 'silent'; readonly why: string; readonly nodes: Nodes }
  /** `version` above `knows`: of a newer program. `nodes`: those of the datacenter, and how many of them answer. */
  | {
      readonly keyspace: 'ours';
      readonly version: number;
      readonly knows: number;
      readonly nodes: Nodes;
      /** Who writes at present; null: nobody. */
      readonly holder: string | null;
    };

export async function lookAtKeyspace(options: ClusterOptions): Promise<KeyspaceLook> {
  let cluster: Cluster | null = null;
  try {
    cluster = await Cluster.connect(options);
    const { localDatacenter: datacenter, replication } = options;
    const shortage = await shortageOf(cluster, { datacenter, replication });
    if (shortage !== null) return { keyspace: 'short', ...shortage };
    const version = await versionOf(cluster);
    const nodes = cluster.nodes(datacenter);
    if (version === null) return { keyspace: 'none' };
    const lease = await cluster.decided<{ holder: string | null }>(
      "select holder from {}.leases where name = 'writer'",
      [],
    );
    return { keyspace: 'ours', version, knows: MIGRATIONS.length, nodes, holder: lease?.holder ?? null };
  } catch (error) {
    if (error instanceof NoDatacenter) return { keyspace: 'elsewhere', datacenters: error.datacenters };
    if (cluster === null) return { keyspace: 'unreachable', why: sentence(error) };
    return { keyspace: 'silent', why: sentence(error), nodes: cluster.nodes(options.localDatacenter) };
  } finally {
    await cluster?.close();
  }
}
