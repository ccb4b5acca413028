/** One of three nodes killed and started again under load: no write fails, and what was acknowledged is there. */
import { describe, expect, test } from 'bun:test';
import { Fault } from '../../src/protocol/errors.ts';
import { guildKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { Store } from '../../src/store/ports.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { Cassandra, clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';

const LONG_MS = 60_000;
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
      } catch (error) {
        epoch = null;
        this.failures.push(error instanceof Fault ? error.code : String(error));
        await eventually('the next turn', () => new Promise((resolve) => setTimeout(() => resolve(true), 20)));
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

describe.skipIf(!(await hasCassandra()))('Cassandra under load', () => {
  test('three nodes, one killed: no write fails, and it catches up', async () => {
    await using cluster = await Cassandra.start(3);
    await using opened = await CqlStore.open(await clusterOptions(cluster));
    const load = new Load(opened.store, 8);
    const more = async (count: number): Promise<void> => {
      const before = load.acknowledged.length;
      await eventually(`${count} more are written`, () => load.acknowledged.length > before + count, LONG_MS);
    };
    await more(100);
    await cluster.kill(2);
    await more(300);
    expect(load.failures).toEqual([]);
    await cluster.restart(2);
    await more(100);
    await load.end();
    expect(load.failures).toEqual([]);
    expect(await load.missing()).toEqual([]);
  }, 600_000);
});
