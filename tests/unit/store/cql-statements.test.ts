/** Each text of a statement is prepared on each node that is asked it, and kept there: there are few of them, however much is asked for and deleted. */
import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dbOf } from '../../../src/store/cql/db.ts';
import { Draft } from '../../../src/store/cql/draft.ts';
import { allReads, encodeBatch, KNOWN } from '../../../src/store/cql/statements.ts';

test('how many are asked for and how many are deleted makes no other statement', async () => {
  const texts = new Set<string>();
  const cluster = {
    rows: async <Row>(cql: string): Promise<readonly Row[]> => {
      texts.add(cql);
      return cql.includes('.channels') ? [{ bucket: 0, newest: null, owner: 'g:1' } as Row] : [];
    },
    first: async (cql: string) => {
      texts.add(cql);
      return null;
    },
    write: async () => {},
  };
  const db = dbOf(cluster, { now: () => 0 });
  const reads = allReads(db);
  const asked = async (count: number): Promise<number> => {
    const none = { before: null, after: null, around: null };
    await reads.page({ channelId: '1', ...none, limit: count });
    await reads.page({ channelId: '1', ...none, after: '0', limit: count });
    await reads.reactors('1', '2', '🎉', null, count);
    await reads.authored(['1'], '2', '0', count);
    await reads.rows('g:1', count);
    await reads.tellers(null, count);
    const ids = Array.from({ length: count }, (_, n) => String(n + 1));
    await Draft.of(db, 'g:1', encodeBatch('g:1', [{ w: 'deleteMessages', channelId: '1', ids }]), KNOWN);
    return texts.size;
  };
  const atFirst = await asked(1);
  expect(atFirst).toBeGreaterThan(8);
  for (const count of [2, 7, 50, 99]) expect(await asked(count)).toBe(atFirst);
});

test('none looks through a table, by an index of the cluster or without one', () => {
  const folder = join(import.meta.dir, '../../../src/store/cql');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => /\.(ts|cql)$/.test(name));
  const isSlow = /allow filtering|create (custom )?index|materialized view/i;
  expect(files.length).toBeGreaterThan(30);
  expect(files.filter((name) => isSlow.test(readFileSync(join(folder, name), 'utf8')))).toEqual([]);
});
