/** Three nodes, of which one hangs, or is killed and started again under load: what of that is seen by who reads, who writes, and by clients of a server. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Fault } from '../../src/protocol/errors.ts';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import { Cluster } from '../../src/store/cql/cluster.ts';
import type { Store } from '../../src/store/ports.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { Cassandra, clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { flagsOnCassandra } from '../support/cluster-town.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SteadyChat } from '../support/steady-chat.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { Town } from '../support/town.ts';

const LONG_MS = 120_000;
/** Between two requests to the server. */
const EVERY_MS = 50;
/** Between two batches of one owner. */
const PAUSE_MS = 20;
/** Messages that are read at once. */
const AT_ONCE = 20;

/** Owners that write one message after the other, each fenced anew after a failure, as actors do. */
class Load {
  readonly acknowledged: { readonly channelId: Snowflake; readonly id: Snowflake }[] = [];
  readonly failures: string[] = [];
  #ended = false;
  readonly #loops: Promise<void>[];

  constructor(
    readonly store: Store,
    owners: number,
  ) {
    this.#loops = Array.from({ length: owners }, () => this.#write());
  }

  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#loops);
  }

  async #write(): Promise<void> {
    const [owner, channelId] = [guildKey(mint()), mint()];
    let epoch: number | null = null;
    while (!this.#ended) {
      const id = mint();
      try {
        epoch ??= await this.store.fence(owner);
        const writes = [
          { w: 'putMessage', message: messageRecord(channelId, id) },
          { w: 'putLastMessage', channelId, messageId: id },
          { w: 'putRow', row: { seq: Number(BigInt(id) % 2n ** 50n), note: '{}', at: Date.now() } },
        ] as const;
        await this.store.commit({ owner, epoch, writes });
        this.acknowledged.push({ channelId, id });
        // A node that starts needs a part of the processor too.
        await pause(PAUSE_MS);
      } catch (error) {
        epoch = null;
        this.failures.push(error instanceof Fault ? error.code : String(error));
        await pause(PAUSE_MS);
      }
    }
  }

  /** Ids that were acknowledged and are not there. While a node starts a read may fail: it is asked again, as by whoever calls the store. */
  async missing(): Promise<Snowflake[]> {
    const missing: Snowflake[] = [];
    const look = async ({
      channelId,
      id,
    }: {
      readonly channelId: Snowflake;
      readonly id: Snowflake;
    }): Promise<void> => {
      const read = async () => ({ message: await this.store.message(channelId, id) });
      if ((await eventually('the message is read', read, LONG_MS)).message === null) missing.push(id);
    };
    for (let from = 0; from < this.acknowledged.length; from += AT_ONCE) {
      await Promise.all(this.acknowledged.slice(from, from + AT_ONCE).map(look));
    }
    return missing;
  }
}

/** Each node answers it by itself, and they are asked in turn. */
const WHO = 'select rpc_address from system.local';
const ROUNDS = 3;

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
  beforeAll(async () => {
    nodes = await Cassandra.start(3);
  }, 400_000);
  afterAll(() => nodes?.stop(), LONG_MS);

  test('one killed under load: no write fails, and it catches up', async () => {
    await using opened = await CqlStore.open(await clusterOptions(nodes));
    const load = new Load(opened.store, 8);
    const more = async (count: number): Promise<void> => {
      const before = load.acknowledged.length;
      await eventually(`${count} more are written`, () => load.acknowledged.length > before + count, LONG_MS);
    };
    await more(100);
    await nodes.kill(2);
    await more(300);
    expect(load.failures).toEqual([]);
    await nodes.restart(2);
    await more(100);
    await load.end();
    expect(load.failures).toEqual([]);
    expect(await load.missing()).toEqual([]);
  }, 400_000);

  test('one killed under a server: no client hears an error, and nothing acknowledged is lost or unheard', async () => {
    using folder = new StoreFolder();
    const flags = ['--workers', '2', '--rate-limits', 'off', ...(await flagsOnCassandra(nodes))];
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
  }, 400_000);

  test('one hangs: reads are answered by the others where these are asked too, while those still wait that ask one after the other', async () => {
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
  }, 300_000);
});
