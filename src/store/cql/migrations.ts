/** The tables, as a list of steps: step N brings a keyspace from version N to N + 1. A step that was released is never edited. */
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { Cluster } from './cluster.ts';
import { type Place, refuseShortage } from './copies.ts';
import { Lease } from './lease.ts';
import first from './migrations/0001-first.cql' with { type: 'text' };
import journalFloors from './migrations/0002-journal-floors.cql' with { type: 'text' };

export const MIGRATIONS: readonly string[] = [first, journalFloors];

/** What must be there before anything can be locked or counted. */
const GROUND = [
  'create table if not exists {}.leases (name text primary key, holder text, beat text)',
  'create table if not exists {}.counters (name text primary key, value bigint)',
];
const VERSION = "select value from {}.counters where name = 'schema'";
const ENTER = "update {}.counters set value = ? where name = 'schema' if value = ?";
const BEGIN = "insert into {}.counters (name, value) values ('schema', ?) if not exists";

type Keyspace = Pick<Cluster, 'keyspace' | 'rows' | 'decided' | 'transact' | 'define' | 'nodes'>;

/** The statements of a step, without its comments. */
export function statementsOf(step: string): string[] {
  const bare = step.replace(/^--.*$/gm, '');
  return bare.split(';').flatMap((text) => (text.trim() === '' ? [] : [text.trim()]));
}

/** The version of the keyspace; null: there is none. */
export async function versionOf(cluster: Pick<Keyspace, 'keyspace' | 'rows' | 'decided'>): Promise<number | null> {
  const tables = await cluster.rows<{ table_name: string }>(
    'select table_name from system_schema.tables where keyspace_name = ?',
    [cluster.keyspace],
  );
  if (!tables.some(({ table_name }) => table_name === 'counters')) return null;
  const row = await cluster.decided<{ value: string }>(VERSION, []);
  return Number(row?.value ?? 0);
}

/**
 * Makes the keyspace when it is missing, and brings its tables to the newest version, under a lock. A step that was cut in the middle is run again:
 * what of it is there already stays. `steps`: those of this program. `warn`: as a lease does. -> the versions before and after.
 */
export async function migrate(
  cluster: Keyspace,
  place: Place,
  holder: string,
  clock: Clock,
  steps = MIGRATIONS,
  warn?: (sentence: string) => void,
): Promise<{ readonly from: number; readonly to: number }> {
  await refuseShortage(cluster, place);
  const found = await versionOf(cluster);
  if (found !== null && found > steps.length) throw tooNew(cluster, found);
  if (found === steps.length) return { from: found, to: found };
  if (found === null) {
    const keyspace = `create keyspace if not exists ${cluster.keyspace}
      with replication = {'class': 'NetworkTopologyStrategy', '${place.datacenter}': ${place.replication}}`;
    await cluster.define([keyspace, ...GROUND]);
  }
  const lock = await Lease.take({ cluster, clock, name: 'migrations', holder, ...(warn && { warn }) });
  // Tables may take longer than the lock lasts when it cannot be renewed: then another one may be at it.
  const mustBeHeld = (): void => {
    if (!lock.isHeld) throw new Fault('unavailable', true, 'the lock of the migrations has run out: start it again');
  };
  try {
    const from = (await versionOf(cluster)) ?? 0;
    for (const [version, step] of steps.entries()) {
      if (version < from) continue;
      mustBeHeld();
      await cluster.define(statementsOf(step).map((statement) => repeatable(statement, cluster.keyspace)));
      mustBeHeld();
      if (version === 0) await cluster.transact(BEGIN, ['1']);
      else await cluster.transact(ENTER, [String(version + 1), String(version)]);
    }
    return { from, to: steps.length };
  } finally {
    await lock.giveUp();
  }
}

export const tooNew = ({ keyspace }: Pick<Keyspace, 'keyspace'>, version: number): Error =>
  new Error(
    `The keyspace ${keyspace} has version ${version}; this program knows ${MIGRATIONS.length}. Start a newer Guildhall.`,
  );

/** `CREATE TABLE x` -> in our keyspace, and only if it is missing; `ALTER TABLE x` -> in our keyspace. */
const repeatable = (statement: string, keyspace: string): string =>
  statement
    .replace(/^create table (?!if )/i, `create table if not exists ${keyspace}.`)
    .replace(/^alter table /i, `alter table ${keyspace}.`);
