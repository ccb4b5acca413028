/** Whether the nodes that a datacenter has can keep the copies that are asked of them: one that cannot takes no write, and says so late and in few words. */
import type { Cluster } from './cluster.ts';

export interface Place {
  readonly datacenter: string;
  /** Copies of a keyspace that is made. */
  readonly replication: number;
}

/** What is wrong, and what to do. */
export interface Shortage {
  readonly found: string;
  readonly mend: string;
}

type Asked = Pick<Cluster, 'keyspace' | 'rows' | 'nodes'>;

/** Null: there are enough nodes, of which some may be down. */
export async function shortageOf(cluster: Asked, { datacenter, replication }: Place): Promise<Shortage | null> {
  const { known } = cluster.nodes(datacenter);
  const has = `the datacenter ${datacenter} has ${known} node${known === 1 ? '' : 's'}`;
  const kept = await copiesIn(cluster, datacenter);
  if (kept === null) {
    if (known >= replication) return null;
    const found = `${has}, which cannot keep ${replication} copies`;
    return { found, mend: `give --replication ${known}, or start more nodes` };
  }
  if (known >= Math.floor(kept / 2) + 1) return null;
  return {
    found: `the keyspace ${cluster.keyspace} keeps ${kept} copies and ${has}, so no majority of them can be had`,
    mend: `start more nodes; or, if nothing is kept in it, drop the keyspace and give --replication ${known}`,
  };
}

export async function refuseShortage(cluster: Asked, place: Place): Promise<void> {
  const shortage = await shortageOf(cluster, place);
  if (shortage === null) return;
  const { found, mend } = shortage;
  throw new Error(`${found.charAt(0).toUpperCase()}${found.slice(1)}: ${mend}.`);
}

/** Null: there is no such keyspace. */
async function copiesIn(cluster: Asked, datacenter: string): Promise<number | null> {
  const [made] = await cluster.rows<{ readonly replication: Readonly<Record<string, string>> }>(
    'select replication from system_schema.keyspaces where keyspace_name = ?',
    [cluster.keyspace],
  );
  if (made === undefined) return null;
  return Number.parseInt(made.replication[datacenter] ?? made.replication.replication_factor ?? '0', 10);
}
