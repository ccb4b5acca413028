/** The main flows of a whole server once more, on Cassandra: the same files as they are, each in a process of its own. */
import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { Cluster } from '../../src/store/cql/cluster.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';

const ROOT = join(import.meta.dir, '..', '..');
const FILES = ['rest', 'resume-across-workers', 'visibility', 'races', 'worker-death', 'hostile', 'one-query'];
/** Of these a part is enough: what is kept in front of the store is asked of no cluster. */
const PARTS: Readonly<Record<string, string>> = { 'one-query': 'without a cache' };
const FILE_MS = 170_000;

async function keyspaces(): Promise<number> {
  const cluster = await Cluster.connect(await clusterOptions());
  try {
    const rows = await cluster.rows<{ keyspace_name: string }>('select keyspace_name from system_schema.keyspaces');
    return rows.filter(({ keyspace_name }) => keyspace_name.startsWith('town_')).length;
  } finally {
    await cluster.close();
  }
}

describe.skipIf(!(await hasCassandra()))('on Cassandra', () => {
  test.each(FILES)(
    '%s',
    async (name) => {
      const { contactPoints } = await clusterOptions();
      const before = await keyspaces();
      const file = `./tests/integration/${name}.test.ts`;
      const part = PARTS[name] === undefined ? [] : ['-t', PARTS[name]];
      const child = Bun.spawn([process.execPath, 'test', '--timeout', '120000', '--only-failures', file, ...part], {
        cwd: ROOT,
        env: { ...process.env, GUILDHALL_TEST_STORE: 'cql', GUILDHALL_TEST_CASSANDRA: contactPoints.join(',') },
        stdout: 'pipe',
        stderr: 'pipe',
        timeout: FILE_MS,
      });
      const [code, ...said] = await Promise.all([
        child.exited,
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect([code, code === 0 ? '' : said.join('\n')]).toEqual([0, '']);
      // It did run there.
      expect(await keyspaces()).toBeGreaterThan(before);
    },
    FILE_MS + 10_000,
  );
});
