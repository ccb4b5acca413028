/** Looks at the cluster of `--store cql`, and says what to mend. */
import type { Config } from './config.ts';
import { clusterOf } from './open-store.ts';
import { lookAtCql } from './store/cql/threads.ts';

type Said = readonly [state: 'good' | 'poor' | 'bad', found: string, mend?: string];

export async function examineCluster(config: Config): Promise<Said> {
  let cluster: ReturnType<typeof clusterOf>;
  try {
    cluster = clusterOf(config);
  } catch (error) {
    return ['bad', error instanceof Error ? error.message : String(error), 'give both, and a file that can be read'];
  }
  const look = await lookAtCql(cluster);
  switch (look.keyspace) {
    case 'unreachable':
      return ['bad', look.why, 'check --contact-points, the network, and --cql-username with its password'];
    case 'elsewhere': {
      const mend = `give --local-datacenter: ${look.datacenters.join(', ')}`;
      return ['bad', `the cluster has no datacenter ${config.localDatacenter}`, mend];
    }
    case 'short':
      return ['bad', look.found, look.mend];
    case 'silent': {
      const { known, up } = look.nodes;
      const mend = up < known ? 'start the nodes that are down' : "look into the nodes' logs";
      return ['bad', `${look.why}; ${up} of ${known} nodes answer`, mend];
    }
    case 'none':
      return ['good', `no keyspace ${config.keyspace} yet: it is made at the first start`];
    case 'ours':
      break;
  }
  const { version, knows, nodes, holder } = look;
  const by = holder === null ? 'nobody writes to it' : `written by ${holder}`;
  const found = `keyspace ${config.keyspace}, version ${version}, ${nodes.up} of ${nodes.known} nodes answer, ${by}`;
  if (version > knows) return ['bad', `${found}; this program knows ${knows}`, 'start a newer Guildhall'];
  if (version > 0 && version < knows) return ['bad', `${found}; this program needs ${knows}`, 'guildhall migrate'];
  return nodes.up < nodes.known ? ['poor', found, 'start the nodes that are down'] : ['good', found];
}
