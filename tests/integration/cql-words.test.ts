/** What a new user is told of a cluster that cannot do what he asks: a sentence with the option that mends it, from whichever command. */
import { describe, expect, test } from 'bun:test';
import { readConfig } from '../../src/config.ts';
import { examineCluster } from '../../src/examine-cluster.ts';
import { Cluster, type ClusterOptions } from '../../src/store/cql/cluster.ts';
import { migrateCql, openCql } from '../../src/store/cql/threads.ts';
import { clusterOptions, DATACENTER, hasCassandra } from '../support/cassandra.ts';
import { configOf, flagsOf } from '../support/cluster-town.ts';
import { runCommand } from '../support/command.ts';
import { StoreFolder } from '../support/store-folder.ts';

/** Asks the cluster as its operator would. */
async function asOperator<Value>(options: ClusterOptions, use: (cluster: Cluster) => Promise<Value>): Promise<Value> {
  const cluster = await Cluster.connect(options);
  try {
    return await use(cluster);
  } finally {
    await cluster.close();
  }
}

const copies = (options: ClusterOptions) =>
  asOperator(options, (cluster) =>
    cluster.rows('select replication from system_schema.keyspaces where keyspace_name = ?', [options.keyspace]),
  );

const examined = (options: ClusterOptions) => examineCluster({ ...readConfig({}, {}), ...configOf(options) });

describe.skipIf(!(await hasCassandra()))('one node', () => {
  test('is not given a keyspace with three copies: no command leaves one behind that takes no write', async () => {
    const options = { ...(await clusterOptions()), replication: 3 };
    const why = `datacenter ${DATACENTER} has 1 node, which cannot keep 3 copies`;
    using from = new StoreFolder();
    await runCommand(from.dir, ['user', 'add', 'ann']);
    const at = ['--from', `sqlite:${from.dir}`, '--to', `cql:${options.keyspace}`];
    const how = ['--contact-points', options.contactPoints.join(','), '--checkpoint', `${from.dir}/checkpoint`];
    const copied = await runCommand(from.dir, ['copy', ...at, ...how]);
    expect(copied).toMatchObject({ code: 1, stderr: `The ${why}: give --replication 1, or start more nodes.\n` });
    await expect(openCql(options)).rejects.toThrow(why);
    await expect(migrateCql(options)).rejects.toThrow(why);
    expect(await examined(options)).toEqual(['bad', `the ${why}`, 'give --replication 1, or start more nodes']);
    expect(await copies(options)).toEqual([]);
  }, 60_000);

  test('with a keyspace of three copies is not used: it is said how one gets rid of it', async () => {
    const options = await clusterOptions();
    const made = `create keyspace ${options.keyspace}
      with replication = {'class': 'NetworkTopologyStrategy', '${DATACENTER}': 3}`;
    await asOperator(options, (cluster) => cluster.define([made]));
    const why = `the keyspace ${options.keyspace} keeps 3 copies and the datacenter ${DATACENTER} has 1 node`;
    const cure = 'drop the keyspace and give --replication 1';
    using home = new StoreFolder();
    const added = await runCommand(home.dir, ['user', 'add', 'ann', ...flagsOf(options)]);
    expect(added.code).toBe(1);
    for (const said of [why.slice(1), cure]) expect(added.stderr).toContain(said);
    await expect(migrateCql(options)).rejects.toThrow(cure);
    const [state, found, mend] = await examined(options);
    expect([state, found.startsWith(why)]).toEqual(['bad', true]);
    expect(mend).toContain(cure);
  }, 60_000);

  test('that refuses a question is quoted: the words of the driver come out of the thread', async () => {
    const options = await clusterOptions();
    const ground = `create keyspace ${options.keyspace}
      with replication = {'class': 'NetworkTopologyStrategy', '${DATACENTER}': 1}`;
    await asOperator(options, (cluster) =>
      cluster.define([ground, 'create table {}.counters (other int primary key)']),
    );
    const why = /^The cluster does not do what it is asked: Undefined column name/;
    await expect(openCql(options)).rejects.toThrow(why);
    await expect(migrateCql(options)).rejects.toThrow(why);
    expect(await examined(options)).toEqual([
      'bad',
      expect.stringMatching(/Undefined column name.*; 1 of 1 nodes answer$/),
      "look into the nodes' logs",
    ]);
  }, 60_000);

  test('of another datacenter answers: its own is named, with the option', async () => {
    const options = { ...(await clusterOptions()), localDatacenter: 'dc9' };
    const why = `has no datacenter dc9: give --local-datacenter ${DATACENTER}.`;
    await expect(openCql(options)).rejects.toThrow(why);
    const [state, , mend] = await examined(options);
    expect([state, mend]).toEqual(['bad', `give --local-datacenter: ${DATACENTER}`]);
  }, 60_000);
});
