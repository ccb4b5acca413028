/** Two servers never write to one keyspace: the lease, from outside. */
import { describe, expect, test } from 'bun:test';
import { realClock } from '../../src/base/clock.ts';
import { realRandom } from '../../src/base/random.ts';
import { guildKey } from '../../src/protocol/ids.ts';
import { Cluster } from '../../src/store/cql/cluster.ts';
import { LEASE_MS, Lease } from '../../src/store/cql/lease.ts';
import { MIGRATIONS, migrate } from '../../src/store/cql/migrations.ts';
import { openKeyspace } from '../../src/store/cql/opening.ts';
import { migrateCql, openCql } from '../../src/store/cql/threads.ts';
import { actor } from '../conformance/store-cases.ts';
import { messageRecord, mint, userRecord } from '../conformance/store-records.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StoreFolder } from '../support/store-folder.ts';

const page = { before: null, after: null, around: null, limit: 10 } as const;

describe.skipIf(!(await hasCassandra()))('the lease on a keyspace', () => {
  test('a second server is refused while the first renews, and begins at once when that one has stopped', async () => {
    const { contactPoints, keyspace } = await clusterOptions();
    const flags = ['--store', 'cql', '--contact-points', contactPoints.join(','), '--keyspace', keyspace];
    using one = new StoreFolder();
    using two = new StoreFolder();
    const first = await ServerProcess.start(one.dir, [...flags, '--replication', '1']);
    try {
      await expect(ServerProcess.start(two.dir, flags)).rejects.toThrow('is in use by another Guildhall');
    } finally {
      await first.stop();
    }
    await using second = await ServerProcess.start(two.dir, flags);
    expect(second.port).toBeGreaterThan(0);
  }, 120_000);

  test('what a killed process held is free when its lease has ended; epochs and timestamps go on above its own', async () => {
    const options = await clusterOptions();
    const owner = 'g:1';
    const first = await openKeyspace(options, realClock, realRandom);
    await first.epochs.reserve();
    const epoch = first.epochs.next(owner);
    const stamp = first.stamps.next(realClock.now(), 1);
    // As a process that dies: nothing is given up, nothing is renewed.
    await first.cluster.close();
    await using opened = await CqlStore.open(options);
    expect(await opened.store.fence(owner)).toBeGreaterThan(epoch);
    const again = await Cluster.connect(options);
    const row = await again.first<{ value: string }>("select value from {}.counters where name = 'stamp'", []);
    expect(Number(row?.value)).toBeGreaterThan(stamp);
    await again.close();
  }, 120_000);

  test('who loses the lease writes nothing any more, and says so', async () => {
    const options = await clusterOptions();
    const opened = await CqlStore.open(options);
    const { commit } = await actor(opened.store);
    const [channelId, id] = [mint(), mint()];
    await commit({ w: 'putMessage', message: messageRecord(channelId, id) });
    const cluster = await Cluster.connect(options);
    await cluster.transact("update {}.leases set holder = 'somebody else', beat = '7' where name = ? if exists", [
      'writer',
    ]);
    expect(String(await opened.threads.died)).toContain('somebody else has the lease');
    await eventually('the store is closed', () => opened.store.state === 'closed');
    await expect(commit({ w: 'putMessage', message: messageRecord(channelId, mint()) })).rejects.toThrow();
    await cluster.transact("delete from {}.leases where name = ? if holder = 'somebody else'", ['writer']);
    await using next = await CqlStore.open(options);
    const found = await next.store.page({ channelId, ...page });
    expect(found.map(({ message }) => message.id)).toEqual([id]);
    await cluster.close();
    await opened[Symbol.asyncDispose]();
  }, 120_000);

  test('a holder that cannot renew stops before its lease can end', async () => {
    const options = await clusterOptions();
    const cluster = await Cluster.connect(options);
    await migrate(cluster, { datacenter: options.localDatacenter, replication: 1 }, 'maker', realClock);
    let now = 0;
    const clock = { ...realClock, monotonic: () => now, now: () => now };
    const lease = await Lease.take({ cluster, clock, name: 'try', holder: 'a' });
    expect(lease.isHeld).toBe(true);
    now = LEASE_MS / 2;
    expect(lease.isHeld).toBe(true);
    now = LEASE_MS - 1;
    expect(lease.isHeld).toBe(false);
    await lease.giveUp();
    await cluster.close();
  }, 60_000);

  test('tables of an older program are changed on purpose only, once when two begin at once, and keep what is in them', async () => {
    const options = await clusterOptions();
    const cluster = await Cluster.connect(options);
    const place = { datacenter: options.localDatacenter, replication: 1 };
    await migrate(cluster, place, 'maker', realClock, MIGRATIONS.slice(0, 1));
    // As the program of that time wrote them.
    const [owner, user, at] = [guildKey(mint()), userRecord(mint()), String(Date.now())];
    for (const seq of ['1', '2', '3']) {
      for (const table of ['journal', 'journal_heads']) {
        const cql = `insert into {}.${table} (owner, seq, note, at) values (?, ?, '{}', ?) using timestamp ?`;
        await cluster.write([{ cql, params: [owner, seq, at, seq] }], false);
      }
    }
    const putUser = 'insert into {}.users (id, record) values (?, ?)';
    await cluster.write([{ cql: putUser, params: [user.user.id, JSON.stringify(user)] }], false);
    await expect(openCql(options)).rejects.toThrow('has version 1: run guildhall migrate');

    const ends = await Promise.allSettled([migrateCql(options), migrateCql(options)]);
    const done = ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
    expect(done.filter(({ from }) => from === 1)).toEqual([{ from: 1, to: MIGRATIONS.length }]);
    // Who comes second waits, unless he sees the first one renew its lock.
    for (const end of ends) {
      if (end.status === 'rejected') expect(String(end.reason)).toContain('in use by another Guildhall');
      else expect(end.value.to).toBe(MIGRATIONS.length);
    }
    await using opened = await CqlStore.open(options);
    const { commit } = await actor(opened.store, owner);
    await commit({ w: 'putRow', row: { seq: 4, note: '{}', at: Number(at) } });
    expect((await opened.store.rows(owner, 10)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(await opened.store.users([user.user.id])).toEqual([user]);
    await cluster.close();
  }, 120_000);

  test('tables of a newer program are left alone', async () => {
    const options = await clusterOptions();
    await (await openCql(options)).close();
    const cluster = await Cluster.connect(options);
    await cluster.transact('update {}.counters set value = 99 where name = ? if exists', ['schema']);
    await expect(openCql(options)).rejects.toThrow('Start a newer Guildhall');
    await expect(migrateCql(options)).rejects.toThrow('Start a newer Guildhall');
    await cluster.close();
  }, 60_000);

  test('where nobody listens it is said where', async () => {
    const options = await clusterOptions();
    await expect(openCql({ ...options, contactPoints: ['127.0.0.1:1'] })).rejects.toThrow('answers at 127.0.0.1:1');
  });
});
