/** Looks at a cluster and a keyspace from outside: nothing is changed, and a server may be running on it. */
import { Cluster, type ClusterOptions } from './cluster.ts';
import { MIGRATIONS, versionOf } from './migrations.ts';
import { sentence } from './trouble.ts';

export type KeyspaceLook =
  | { readonly keyspace: 'unreachable'; readonly why: string }
  /** The cluster has no datacenter of that name. */
  | { readonly keyspace: 'elsewhere'; readonly datacenters: readonly string[] }
  | { readonly keyspace: 'none'; readonly nodes: number }
  /** `version` above `knows`: of a newer program. `nodes`: those of the datacenter, and how many of them answer. */
  | {
      readonly keyspace: 'ours';
      readonly version: number;
      readonly knows: number;
      readonly nodes: { readonly known: number; readonly up: number };
      /** Who writes at present; null: nobody. */
      readonly holder: string | null;
    };

export async function lookAtKeyspace(options: ClusterOptions): Promise<KeyspaceLook> {
  let cluster: Cluster | null = null;
  try {
    cluster = await Cluster.connect(options);
    const datacenters = cluster.datacenters();
    if (!datacenters.includes(options.localDatacenter)) return { keyspace: 'elsewhere', datacenters };
    const version = await versionOf(cluster);
    const nodes = cluster.nodes(options.localDatacenter);
    if (version === null) return { keyspace: 'none', nodes: nodes.known };
    const lease = await cluster.decided<{ holder: string | null }>(
      "select holder from {}.leases where name = 'writer'",
      [],
    );
    return { keyspace: 'ours', version, knows: MIGRATIONS.length, nodes, holder: lease?.holder ?? null };
  } catch (error) {
    return { keyspace: 'unreachable', why: sentence(error) };
  } finally {
    await cluster?.close();
  }
}
