/** A node that hangs: what it is asked to read is answered by another one, long before it is given up, when that is wished for. */
import { describe, expect, test } from 'bun:test';
import { Cluster } from '../../src/store/cql/cluster.ts';
import { Cassandra, clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { eventually } from '../support/eventually.ts';

/** Each node answers it by itself, and they are asked in turn. */
const WHO = 'select rpc_address from system.local';
const ROUNDS = 3;

const askWho = async (cluster: Cluster): Promise<string> =>
  String((await cluster.first<{ rpc_address: unknown }>(WHO, []))?.rpc_address);

/** A connection on which each of the three has answered. */
async function connect(nodes: Cassandra, speculativeReadsMs: number): Promise<Cluster> {
  const cluster = await Cluster.connect({ ...(await clusterOptions(nodes)), speculativeReadsMs });
  const seen = new Set<string>();
  await eventually('each node has answered', async () => seen.add(await askWho(cluster)).size === 3, 60_000);
  return cluster;
}

describe.skipIf(!(await hasCassandra()))('reads of three nodes of which one hangs', () => {
  test('are all answered by the others when these are asked, too, while those still wait that ask one after the other', async () => {
    await using nodes = await Cassandra.start(3);
    const [patient, speculative] = [await connect(nodes, 0), await connect(nodes, 50)];
    const ask = (cluster: Cluster) => Array.from({ length: 3 * ROUNDS }, () => askWho(cluster));
    nodes.pause(2);
    try {
      let answered = 0;
      const waiting = ask(patient).map((answer) => answer.finally(() => (answered += 1)));
      const hanging = nodes.contactPoints[2]?.split(':')[0];
      const answers = await Promise.all(ask(speculative));
      expect(answers.length).toBe(3 * ROUNDS);
      expect(answers).not.toContain(hanging!);
      expect(answered).toBeLessThan(3 * ROUNDS);
      expect(await Promise.all(waiting)).not.toContain(hanging!);
    } finally {
      nodes.resume(2);
      await Promise.all([patient.close(), speculative.close()]);
    }
  }, 600_000);
});
