/**
 * Three nodes: requests go to one that has the rows. One hangs, or is killed and started again under load: what of that is seen by who reads, and by
 * clients of a server.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'bun:test';
import { realClock } from '../../src/base/clock.ts';
import { realRandom } from '../../src/base/random.ts';
import { LIMITS } from '../../src/limits.ts';
import { guildKey } from '../../src/protocol/ids.ts';
import { Cluster, type ClusterOptions, type Statement } from '../../src/store/cql/cluster.ts';
import { dbOf } from '../../src/store/cql/db.ts';
import { stamped } from '../../src/store/cql/delivery.ts';
import { Draft } from '../../src/store/cql/draft.ts';
import { Epochs } from '../../src/store/cql/epochs.ts';
import { messageReads } from '../../src/store/cql/messages.ts';
import { MIGRATIONS, migrate, statementsOf } from '../../src/store/cql/migrations.ts';
import { encodeBatch, KNOWN } from '../../src/store/cql/statements.ts';
import { GuardedStore } from '../../src/store/guarded.ts';
import { GUARD_LIMITS } from '../../src/worker-limits.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { Cassandra, clusterOptions, DATACENTER, hasCassandra } from '../support/cassandra.ts';
import { flagsOf } from '../support/cluster-town.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';
import { RequestTraces } from '../support/request-traces.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SteadyChat } from '../support/steady-chat.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { Town } from '../support/town.ts';

const LONG_MS = 120_000;
/** Between two requests to the server. */
const EVERY_MS = 50;

/** Too many to lie at one node, or to be met by turns. */
const PARTITIONS = 12;
const NEWEST = { before: null, after: null, around: null, limit: 50 } as const;
/** What a message is written to: all tables of three nodes take half a minute. */
const TABLES = statementsOf(MIGRATIONS[0]!)
  .filter((statement) => /^create table (messages|authored|channels) /i.test(statement))
  .join(';');

/** Each node answers it by itself, and they are asked in turn. */
const WHO = 'select rpc_address from system.local';
const ROUNDS = 3;
/** A third of them begins at each node. */
const READS = 30;

const askWho = async (cluster: Cluster): Promise<string> =>
  String((await cluster.first<{ rpc_address: unknown }>(WHO, []))?.rpc_address);

/** A connection on which each of the three has answered. */
async function connect(nodes: Cassandra, speculativeReadsMs: number): Promise<Cluster> {
  const cluster = await Cluster.connect({ ...(await clusterOptions(nodes)), speculativeReadsMs });
  const seen = new Set<string>();
  await eventually('each node has answered', async () => seen.add(await askWho(cluster)).size === 3, LONG_MS);
  return cluster;
}

describe.skipIf(!(await hasCassandra()))('three nodes of Cassandra', () => {
  let nodes: Cassandra;
  let options: ClusterOptions;
  beforeAll(async () => {
    nodes = await Cassandra.start(3);
    options = await clusterOptions(nodes);
  }, 400_000);
  afterAll(() => nodes?.stop(), LONG_MS);

  test(
    'whatever is in one partition is asked of the node that has it, at LOCAL_QUORUM; transactions are at LOCAL_SERIAL',
    async () => {
      const cluster = await Cluster.connect(await clusterOptions(nodes));
      onTestFinished(() => cluster.close());
      await migrate(cluster, { datacenter: DATACENTER, replication: 1 }, 'a test', realClock, [TABLES]);
      const channels = Array.from({ length: PARTITIONS }, () => mint());
      const owner = guildKey(mint());
      const parts: Statement[][] = [];
      for (const channelId of channels) {
        const ops = encodeBatch(owner, [{ w: 'putMessage', message: messageRecord(channelId, mint()) }]);
        const { entries } = await Draft.of(dbOf(cluster, realClock), owner, ops, KNOWN);
        parts.push(...Map.groupBy(stamped(entries, Date.now() * 1000), ({ partition }) => partition).values());
      }
      using traces = new RequestTraces();
      for (const part of parts) await cluster.write(part, false);
      const writes = await traces.take();
      // The channel's row is one statement; the message and the mark of its author, in two tables, are a batch.
      expect(parts.filter(({ length }) => length === 2).length).toBe(PARTITIONS);
      const { page } = messageReads(dbOf(cluster, realClock));
      for (const channelId of channels) await page({ channelId, ...NEWEST });
      const reads = await traces.take();
      // The channel's row again, and its bucket.
      expect([writes.length, reads.length]).toEqual([2 * PARTITIONS, 2 * PARTITIONS]);
      for (const asked of [writes, reads]) {
        for (const { coordinator, nodes: involved } of asked) expect(involved).toEqual([coordinator]);
        expect(new Set(asked.map(({ coordinator }) => coordinator)).size).toBe(3);
        expect(new Set(asked.map(({ parameters }) => parameters.consistency_level))).toEqual(new Set(['LOCAL_QUORUM']));
      }
      await new Epochs(cluster).reserve();
      const levels = (await traces.take()).map(({ parameters: it }) => [
        it.consistency_level,
        it.serial_consistency_level,
      ]);
      // What was decided is read, then decided anew.
      expect(levels).toEqual([
        ['LOCAL_SERIAL', 'LOCAL_SERIAL'],
        ['LOCAL_QUORUM', 'LOCAL_SERIAL'],
      ]);
    },
    LONG_MS,
  );

  test('one killed under a server: no client hears an error, and nothing acknowledged is lost or unheard', async () => {
    using folder = new StoreFolder();
    const flags = ['--workers', '2', '--rate-limits', 'off', ...flagsOf(options)];
    await using server = await ServerProcess.start(folder.dir, flags);
    await using chat = await SteadyChat.begin(Town.of(server), EVERY_MS);
    await chat.more(60, LONG_MS);
    await nodes.kill(1);
    await chat.more(150, LONG_MS);
    await nodes.restart(1);
    await chat.more(60, LONG_MS);
    await chat.end();
    expect(chat.refused).toEqual([]);
    expect(await chat.lost()).toEqual([]);
    expect(await chat.unheard(LONG_MS)).toEqual([]);
    // Its lease is free for the next one.
    await server.stop();
  }, 400_000);

  test('one hangs: whoever reads as a worker does is answered, though some wait for another node', async () => {
    await using held = await CqlStore.open({ ...options, speculativeReadsMs: LIMITS.nodeReadMs });
    const store = new GuardedStore(held.store, { clock: realClock, random: realRandom, limits: GUARD_LIMITS });
    const ask = () => Promise.all(Array.from({ length: READS }, (_, n) => store.user(String(n + 1))));
    const nobody = Array.from({ length: READS }, () => null);
    // Every node knows the statement.
    expect(await ask()).toEqual(nobody);
    nodes.pause(2);
    try {
      expect(await ask()).toEqual(nobody);
    } finally {
      nodes.resume(2);
    }
  }, 300_000);

  test('one hangs: reads are answered by the others where these are asked too, known to the nodes or not, while those still wait that ask one after the other', async () => {
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
      // No node has met them.
      for (const column of ['cluster_name', 'partitioner', 'release_version'])
        expect(await speculative.rows(`select ${column} from system.local`)).toHaveLength(1);
      expect(answered).toBeLessThan(3 * ROUNDS);
      expect(await Promise.all(waiting)).not.toContain(hanging!);
    } finally {
      nodes.resume(2);
      await Promise.all([patient.close(), speculative.close()]);
    }
  }, 300_000);
});
