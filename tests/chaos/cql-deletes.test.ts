/** What deletions leave behind in Cassandra: pages are read past any number of them, and no half of a message is shown. */
import { describe, expect, test } from 'bun:test';
import { type OwnerKey, type Snowflake, userKey } from '../../src/protocol/ids.ts';
import { snowflakeAt } from '../../src/protocol/snowflake.ts';
import { BUCKET_MS, bucketOf } from '../../src/store/buckets.ts';
import type { ClusterOptions, Statement } from '../../src/store/cql/cluster.ts';
import { dbOf } from '../../src/store/cql/db.ts';
import { journalReads } from '../../src/store/cql/journal.ts';
import { messageReads } from '../../src/store/cql/messages.ts';
import { JOURNAL_ROWS } from '../../src/store/retention.ts';
import { actor } from '../conformance/store-cases.ts';
import { messageRecord, mint, NOW } from '../conformance/store-records.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';
import { TracedCluster } from '../support/traced-cluster.ts';

/** Cassandra itself gives up a read that passes 100,000 deletions. By hand, for as many as one has time for: GUILDHALL_TEST_DELETED=1000000. */
const DELETED = Number(process.env.GUILDHALL_TEST_DELETED ?? 120_000);
const newest = { before: null, after: null, around: null, limit: 50 } as const;

interface Page {
  readonly ids: readonly Snowflake[];
  readonly partitions: number;
  readonly tombstones: number;
}

/** The newest page as a server reads it that has just started. */
async function pageAfterRestart(options: ClusterOptions, channelId: Snowflake): Promise<Page> {
  await using cluster = new TracedCluster(options);
  const text = await messageReads(dbOf(cluster, { now: () => NOW })).page({ channelId, ...newest });
  const ids = (JSON.parse(text) as { message: { id: Snowflake } }[]).map(({ message }) => message.id);
  return { ids, partitions: cluster.queries, tombstones: await cluster.tombstones() };
}

/** Rows as another program would write them: quickly, past the store. */
function* rowsOf(channelId: Snowflake, ids: readonly Snowflake[]): Iterable<readonly Statement[]> {
  const cql = 'insert into {}.messages (channel_id, bucket, message_id, author_id, wire) values (?, ?, ?, ?, ?)';
  for (let from = 0; from < ids.length; from += 500) {
    yield ids.slice(from, from + 500).map((id) => ({ cql, params: [channelId, bucketOf(id), id, '7', '{}'] }));
  }
}

const idsFrom = (first: string, count: number): Snowflake[] => {
  const start = BigInt(first);
  return Array.from({ length: count }, (_, n) => (start + BigInt(n)).toString());
};

describe.skipIf(!(await hasCassandra()))('deletions on Cassandra', () => {
  test('one message lives among all that were deleted: two partitions, no deletion passed', async () => {
    const options = await clusterOptions();
    const channelId = mint();
    const ids = idsFrom(snowflakeAt(NOW), DELETED);
    const living = ids[DELETED / 2]!;
    {
      await using opened = await CqlStore.open(options);
      const { commit } = await actor(opened.store);
      await commit({ w: 'putMessage', message: messageRecord(channelId, living) });
      {
        await using cluster = new TracedCluster(options);
        await cluster.fill(
          rowsOf(
            channelId,
            ids.filter((id) => id !== living),
          ),
        );
      }
      const gone = ids.filter((id) => id !== living);
      for (let from = 0; from < gone.length; from += 5000)
        await commit({ w: 'deleteMessages', channelId, ids: gone.slice(from, from + 5000) });
      const page = await opened.store.page({ channelId, ...newest });
      expect(page.map(({ message }) => message.id)).toEqual([living]);
    }
    const { ids: found, partitions, tombstones } = await pageAfterRestart(options, channelId);
    expect(found).toEqual([living]);
    expect(partitions).toBeLessThanOrEqual(2);
    expect(tombstones).toBeLessThanOrEqual(1000);
  }, 1_800_000);

  test('messages that are deleted one by one, in any order, are one deletion between two that live', async () => {
    const options = await clusterOptions();
    const channelId = mint();
    const ids = idsFrom(snowflakeAt(NOW), 300);
    const living = [ids[0]!, ids[149]!, ids[299]!];
    const gone = ids
      .filter((id) => !living.includes(id))
      .sort((a, b) => ((BigInt(a) * 7n) % 1009n < (BigInt(b) * 7n) % 1009n ? -1 : 1));
    {
      await using opened = await CqlStore.open(options);
      const { commit } = await actor(opened.store);
      for (let from = 0; from < ids.length; from += 100)
        await commit(
          ...ids
            .slice(from, from + 100)
            .map((id) => ({ w: 'putMessage', message: messageRecord(channelId, id) }) as const),
        );
      for (const id of gone) await commit({ w: 'deleteMessages', channelId, ids: [id] });
    }
    const page = await pageAfterRestart(options, channelId);
    expect(page.ids).toEqual(living.toReversed());
    expect(page.partitions).toBeLessThanOrEqual(2);
    expect(page.tombstones).toBeLessThanOrEqual(10);
  }, 120_000);

  test('a few of one author among many others go alone, and the others stay', async () => {
    const options = await clusterOptions();
    const [channelId, spammer] = [mint(), mint()];
    const ids = idsFrom(snowflakeAt(NOW), 400);
    const his = ids.filter((_, n) => n % 40 === 0);
    const author = (id: Snowflake): string => (his.includes(id) ? spammer : '77');
    await using opened = await CqlStore.open(options);
    const { commit } = await actor(opened.store);
    await commit(
      ...ids.map((id) => ({ w: 'putMessage', message: messageRecord(channelId, id, 'x', author(id)) }) as const),
    );
    await commit({ w: 'deleteMessages', channelId, ids: his });
    const query = { channelId, before: null, after: '0', around: null, limit: 100 };
    const page = await opened.store.page(query);
    expect(page.map(({ message }) => message.id).toReversed()).toEqual(
      ids.filter((id) => !his.includes(id)).slice(0, 100),
    );
    expect(await opened.store.authored([channelId], spammer, '0', 100)).toEqual([]);
    expect((await opened.store.authored([channelId], '77', '0', 1000)).length).toBe(390);
  }, 60_000);

  test('a channel that was quiet for three years is not walked: two partitions', async () => {
    const options = await clusterOptions();
    const channelId = mint(NOW - 110 * BUCKET_MS);
    const old = mint(NOW - 109 * BUCKET_MS);
    {
      await using opened = await CqlStore.open(options);
      const { commit } = await actor(opened.store);
      // What lay in between is gone: its buckets are known to be empty.
      for (let n = 0; n < 5; n += 1) {
        const id = mint(NOW - n * BUCKET_MS);
        await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
        await commit({ w: 'deleteMessages', channelId, ids: [id] });
      }
      await commit({ w: 'putMessage', message: messageRecord(channelId, old) });
    }
    expect(await pageAfterRestart(options, channelId)).toEqual({
      ids: [old],
      partitions: 2,
      tombstones: expect.any(Number),
    });
  }, 60_000);

  test('an empty bucket that gets a message is read again, also in between', async () => {
    await using opened = await CqlStore.open(await clusterOptions());
    const { commit } = await actor(opened.store);
    const channelId = mint();
    const ids = [mint(), mint(), mint()];
    const page = async () => (await opened.store.page({ channelId, ...newest })).map(({ message }) => message.id);
    const put = (id: Snowflake) => ({ w: 'putMessage', message: messageRecord(channelId, id) }) as const;
    expect(await page()).toEqual([]);
    await commit(put(ids[1]!));
    expect(await page()).toEqual([ids[1]!]);
    await commit({ w: 'deleteMessages', channelId, ids: [ids[1]!] });
    expect(await page()).toEqual([]);
    await commit(put(ids[0]!), put(ids[2]!));
    expect(await page()).toEqual([ids[2]!, ids[0]!]);
    // Below the newest living one, then above it: its border moves with it.
    await commit({ w: 'deleteMessages', channelId, ids: [ids[2]!] });
    expect(await page()).toEqual([ids[0]!]);
    const later = mint();
    await commit(put(later), { w: 'deleteMessages', channelId, ids: [ids[0]!] });
    expect(await page()).toEqual([later]);
  }, 60_000);

  test('what one batch writes, deletes and writes again is as its order says', async () => {
    await using opened = await CqlStore.open(await clusterOptions());
    const { commit } = await actor(opened.store);
    const channelId = mint();
    const [a, b, c] = [mint(), mint(), mint()];
    const put = (id: Snowflake, text: string) =>
      ({ w: 'putMessage', message: messageRecord(channelId, id, text) }) as const;
    const drop = (...ids: Snowflake[]) => ({ w: 'deleteMessages', channelId, ids }) as const;
    await commit(put(a, 'old'));
    await commit(put(b, 'gone'), drop(a, b), put(a, 'new'), put(c, 'stays'), drop(b));
    const page = await opened.store.page({ channelId, ...newest });
    expect(page.map(({ message }) => [message.id, message.wire.content])).toEqual([
      [c, 'stays'],
      [a, 'new'],
    ]);
    expect((await opened.store.authored([channelId], '77', '0', 10)).map(({ id }) => id)).toEqual([c, a]);
  }, 60_000);

  test('an edit that comes after the deletion leaves half a row: it is not shown, and removed', async () => {
    const options = await clusterOptions();
    await using opened = await CqlStore.open(options);
    await using cluster = new TracedCluster(options);
    const { commit } = await actor(opened.store);
    const channelId = mint();
    const ids = idsFrom(snowflakeAt(NOW), 6);
    for (const id of ids) await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
    const [late, never] = [ids[4]!, (BigInt(ids[5]!) + 1n).toString()];
    await commit({ w: 'deleteMessages', channelId, ids: [late] });
    const edit = (id: Snowflake, at: number): Promise<void> => {
      const cql =
        'update {}.messages using timestamp ? set wire = ? where channel_id = ? and bucket = ? and message_id = ?';
      return cluster.write([{ cql, params: [String(at * 1000), '{}', channelId, bucketOf(id), id] }]);
    };
    await edit(late, Date.now() + 10_000);
    // So long ago that nothing of it is under way any more.
    await edit(never, Date.now() - 600_000);
    const page = await opened.store.page({ channelId, ...newest, limit: 4 });
    expect(page.map(({ message }) => message.id)).toEqual([ids[5]!, ids[3]!, ids[2]!, ids[1]!]);
    expect(await opened.store.message(channelId, late)).toBeNull();
    expect(await opened.store.messages(channelId, [late, never])).toEqual([]);
    const stored = 'select message_id from {}.messages where channel_id = ? and bucket = ? and message_id = ?';
    await eventually('the old half is removed', async () => {
      return (await cluster.rows(stored, [channelId, bucketOf(never), never])).length === 0;
    });
  }, 60_000);

  test('thousands of confirmed tells are two ranges when one in the middle waits', async () => {
    const options = await clusterOptions();
    const to = userKey(mint());
    const tell = (seq: number) => ({ w: 'putTell', tell: { seq, to, command: '{}' } }) as const;
    const stuck = 1500;
    let owner: OwnerKey;
    {
      await using opened = await CqlStore.open(options);
      const { commit, owner: own } = await actor(opened.store);
      owner = own;
      for (let seq = 1; seq <= 3000; seq += 50) {
        const seqs = Array.from({ length: 50 }, (_, n) => seq + n);
        await commit(...seqs.map(tell));
        for (const each of [seqs.slice(0, 49), seqs.slice(49)])
          await commit(
            ...each.filter((n) => n !== stuck).map((n) => ({ w: 'deleteTell', seq: n, to }) as const),
            ...each.filter((n) => n === stuck).map(tell),
          );
      }
    }
    await using cluster = new TracedCluster(options);
    const reads = journalReads(dbOf(cluster, { now: () => NOW }));
    expect(JSON.parse(await reads.tells(owner))).toEqual([{ seq: stuck, to, command: '{}' }]);
    expect(JSON.parse(await reads.tellers(null, 10))).toEqual([owner]);
    expect(await cluster.tombstones()).toBeLessThanOrEqual(10);
  }, 120_000);

  test('a journal whose rows have ended is read past a bounded number of them', async () => {
    const options = await clusterOptions();
    await using opened = await CqlStore.open(options);
    await using cluster = new TracedCluster(options);
    await cluster.client.execute(`alter table ${options.keyspace}.journal with default_time_to_live = 1`);
    const { commit, owner } = await actor(opened.store);
    const row = (seq: number) => ({ w: 'putRow', row: { seq, note: '{}', at: NOW } }) as const;
    for (let seq = 1; seq <= 6000; seq += 200) await commit(...Array.from({ length: 200 }, (_, n) => row(seq + n)));
    await eventually('the rows have ended', async () => (await opened.store.rows(owner, 10)).length === 1);
    const text = await journalReads(dbOf(cluster, { now: () => NOW })).rows(owner, JOURNAL_ROWS);
    expect(JSON.parse(text)).toEqual([{ seq: 6000, note: '{}', at: NOW }]);
    // Two cells of each row at and above the floor.
    const passed = await cluster.tombstones();
    expect(passed).toBeGreaterThan(0);
    expect(passed).toBeLessThanOrEqual(4 * JOURNAL_ROWS);
  }, 120_000);
});
