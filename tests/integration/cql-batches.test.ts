/** Batches that are larger than what Cassandra takes as one. */
import { describe, expect, test } from 'bun:test';
import { realClock } from '../../src/base/clock.ts';
import { realRandom } from '../../src/base/random.ts';
import { guildKey, type OwnerKey, type Snowflake } from '../../src/protocol/ids.ts';
import type { Write } from '../../src/protocol/writes.ts';
import { BUCKET_MS } from '../../src/store/buckets.ts';
import { Cluster, type ClusterOptions } from '../../src/store/cql/cluster.ts';
import { deliver, planOf, stamped } from '../../src/store/cql/delivery.ts';
import { Draft } from '../../src/store/cql/draft.ts';
import type { Persist } from '../../src/store/cql/hands.ts';
import { openKeyspace } from '../../src/store/cql/opening.ts';
import { encodeBatch, KNOWN } from '../../src/store/cql/statements.ts';
import { actor } from '../conformance/store-cases.ts';
import { guildRecord, memberRecord, messageRecord, mint, NOW } from '../conformance/store-records.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { CqlStore } from '../support/cql-store.ts';

/** Messages in three buckets of a channel, and rows of the journal: several hundred KB. */
function large(channelId: Snowflake): { readonly ids: Snowflake[]; readonly writes: Write[] } {
  const ids = Array.from({ length: 600 }, (_, n) => mint(NOW - (n % 3) * BUCKET_MS));
  const puts = ids.map((id): Write => ({ w: 'putMessage', message: messageRecord(channelId, id) }));
  const rows = ids.map((_, n): Write => ({ w: 'putRow', row: { seq: n + 1, note: '{}', at: NOW } }));
  return { ids, writes: [...puts, ...rows] };
}

/** A process that has stored the intent of a batch and some of its parts, and dies. */
async function dieInTheMiddle(options: ClusterOptions, owner: OwnerKey, writes: readonly Write[]): Promise<void> {
  const { cluster, db, stamps, lease } = await openKeyspace(options, realClock, realRandom);
  const draft = await Draft.of(db, owner, encodeBatch(owner, writes), KNOWN);
  const first = stamps.next(realClock.now(), draft.entries.length + 1);
  let begun = 0;
  const persist: Persist = async (statements, logged) => {
    const isPart = statements.every(({ cql }) => !cql.includes('{}.pending'));
    if (isPart) begun += 1;
    if (isPart && begun > 1) throw new Error('it is dead');
    await cluster.write(statements, logged);
    return true;
  };
  const plan = planOf(stamped(draft.entries, first));
  await expect(
    deliver({ persist, read: (...asked) => cluster.rows(...asked) }, owner, plan, {
      first,
      last: first + draft.entries.length,
    }),
  ).rejects.toThrow('dead');
  // Else the next one would wait for the end of the lease.
  await lease.giveUp();
  await cluster.close();
}

describe.skipIf(!(await hasCassandra()))('large batches on Cassandra', () => {
  test('a batch of several hundred KB in many partitions is stored, and leaves no intent', async () => {
    const options = await clusterOptions();
    await using opened = await CqlStore.open(options);
    const { commit, owner } = await actor(opened.store);
    const channelId = mint();
    const { ids, writes } = large(channelId);
    await commit(...writes);
    expect((await opened.store.messages(channelId, ids)).length).toBe(600);
    expect((await opened.store.rows(owner, 1000)).length).toBe(512);
    const cluster = await Cluster.connect(options);
    expect(await cluster.rows('select part from {}.pending where owner = ?', [owner])).toEqual([]);
    await cluster.close();
  }, 120_000);

  test('one whose process died in the middle is finished before its owner is loaded again', async () => {
    const options = await clusterOptions();
    const [owner, channelId] = [guildKey(mint()), mint()];
    const { ids, writes } = large(channelId);
    await dieInTheMiddle(options, owner, writes);
    await using opened = await CqlStore.open(options);
    await opened.store.fence(owner);
    expect((await opened.store.messages(channelId, ids)).length).toBe(600);
    expect((await opened.store.rows(owner, 1)).map(({ seq }) => seq)).toEqual([600]);
  }, 120_000);

  test('a guild of many members goes with all that names it', async () => {
    await using opened = await CqlStore.open(await clusterOptions());
    const { commit } = await actor(opened.store);
    const guildId = mint();
    const users = Array.from({ length: 500 }, () => mint());
    await commit({ w: 'putGuild', guild: guildRecord(guildId) });
    await commit(...users.map((id): Write => ({ w: 'putMember', guildId, member: memberRecord(id), seq: 5 })));
    expect((await opened.store.guild(guildId))?.members.length).toBe(500);
    await commit({ w: 'deleteGuild', guildId });
    expect(await opened.store.guild(guildId)).toBeNull();
    const left = await Promise.all(users.map((id) => opened.store.guildsOf(id)));
    expect(left.flat()).toEqual([]);
  }, 120_000);

  test('one of which the cluster refuses a statement is stored without it, and its owner loads', async () => {
    const options = await clusterOptions();
    await using opened = await CqlStore.open(options);
    const { commit, owner } = await actor(opened.store);
    const channelId = mint();
    const { ids, writes } = large(channelId);
    // Cassandra takes no key of more than 64 KiB.
    const wrong: Write = { w: 'putLogin', login: 'x'.repeat(70_000), userId: mint() };
    const fault = await commit(...writes, wrong).catch((error: unknown) => error);
    expect(fault).toMatchObject({ code: 'broken', retryable: true });
    const epoch = await opened.store.fence(owner);
    expect((await opened.store.messages(channelId, ids)).length).toBe(600);
    expect((await opened.store.rows(owner, 1)).map(({ seq }) => seq)).toEqual([600]);
    const cluster = await Cluster.connect(options);
    const aside = await cluster.rows<{ part: number; body: string }>(
      'select part, body from {}.pending where owner = ?',
      [owner],
    );
    expect(aside.map(({ part }) => part)).toEqual([-1]);
    expect(aside[0]?.body).toContain('insert into {}.logins');
    await opened.store.commit({ owner, epoch, writes: [{ w: 'putRow', row: { seq: 601, note: '{}', at: NOW } }] });
    await cluster.close();
  }, 120_000);
});
