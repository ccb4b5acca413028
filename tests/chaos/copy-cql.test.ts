/** A store copied onto a Cassandra, from there into another keyspace, and back: the same afterwards, wherever the copy was killed; what differs is said. */
import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { seededRandom } from '../../src/base/random.ts';
import type { Write } from '../../src/protocol/writes.ts';
import { compareTables, isSame } from '../../src/store/comparing.ts';
import { Cluster, type ClusterOptions } from '../../src/store/cql/cluster.ts';
import { CqlScan, openCqlSource } from '../../src/store/cql/transfer.ts';
import { openSqliteSource } from '../../src/store/sqlite/transfer.ts';
import { TRANSFER_TABLES, type TransferRow, type TransferSource } from '../../src/store/transfer.ts';
import { clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { runCommand } from '../support/command.ts';
import { CqlStore } from '../support/cql-store.ts';
import { eventually } from '../support/eventually.ts';
import { fillStore, plantDifferences } from '../support/filled-store.ts';
import { FROM_SOURCE } from '../support/server-process.ts';
import { StoreFolder } from '../support/store-folder.ts';

/** The lease of one that was killed is waited for. */
const RUN_MS = 120_000;
const MESSAGES = 6000;
const LEASE = /^.*waiting for the lease of.*\n/gm;

interface Said {
  readonly same: boolean;
  readonly rows: number;
  readonly resumedAt: number;
}

const named = ({ contactPoints, keyspace }: ClusterOptions): string => `cql:${contactPoints.join(',')}/${keyspace}`;

class Sides implements Disposable {
  readonly #folders = [new StoreFolder(), new StoreFolder()] as const;
  readonly dir = this.#folders[0].dir;
  readonly back = join(this.#folders[1].dir, 'back');
  readonly checkpoint = join(this.#folders[1].dir, 'checkpoint.json');

  constructor(readonly options: ClusterOptions) {}

  get cql(): string {
    return named(this.options);
  }

  args(from: string, to: string): readonly string[] {
    return ['copy', '--from', from, '--to', to, '--checkpoint', this.checkpoint, '--replication', '1'];
  }

  run(from: string, to: string): ReturnType<typeof runCommand> {
    return runCommand(this.#folders[1].dir, [...this.args(from, to), '--json'], FROM_SOURCE, RUN_MS);
  }

  /** Begins it and kills it when its checkpoint says more than `rows`, or when it is done before. */
  async kill(from: string, to: string, rows: number): Promise<void> {
    const [file = '', ...words] = FROM_SOURCE;
    const child = spawn(file, [...words, ...this.args(from, to)], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await eventually('it has come so far', () => child.exitCode !== null || this.#rows() > rows, RUN_MS);
    child.kill('SIGKILL');
    await ended;
  }

  #rows(): number {
    if (!existsSync(this.checkpoint)) return -1;
    return (JSON.parse(readFileSync(this.checkpoint, 'utf8')) as { readonly rows: number }).rows;
  }

  [Symbol.dispose](): void {
    for (const folder of this.#folders) folder[Symbol.dispose]();
  }
}

async function differences(source: TransferSource, target: TransferSource) {
  const compared = await compareTables({ source, target, chunk: 500, most: 5, saw: () => {} });
  return compared.filter((each) => !isSame(each));
}

async function everything(side: Pick<TransferSource, 'scan'>, chunk: number): Promise<Map<string, TransferRow[]>> {
  const found = new Map<string, TransferRow[]>();
  for (const table of TRANSFER_TABLES) {
    const all: TransferRow[] = [];
    for (let rows = await side.scan(table, null, chunk); rows.length > 0; ) {
      all.push(...rows);
      rows = await side.scan(table, rows.at(-1)?.key ?? null, chunk);
    }
    found.set(table, all);
  }
  return found;
}

if (!(await hasCassandra())) describe('a copy on Cassandra', () => test.skip('needs Java and Maven', () => undefined));
else
  describe('a copy on Cassandra', () => {
    test('killed at any moment goes on and is the same, there and back again', async () => {
      using sides = new Sides(await clusterOptions());
      const further = await clusterOptions();
      const epoch = await fillStore(sides.dir, MESSAGES);
      const seed = Number(process.env.COPY_SEED ?? Date.now() % 1_000_000);
      console.log(`COPY_SEED=${seed}`);
      const { unit: chance } = seededRandom(seed);
      const copy = async (from: string, to: string): Promise<number> => {
        await sides.kill(from, to, chance() * MESSAGES * 1.5);
        const { code, stdout, stderr } = await sides.run(from, to);
        // It may have to wait for the leases of the one that was killed, one on each side, and says so.
        expect({ code, stderr: stderr.replace(LEASE, '') }).toEqual({ code: 0, stderr: '' });
        const said = JSON.parse(stdout) as Said;
        expect([said.same, said.resumedAt > 0]).toEqual([true, true]);
        return said.rows;
      };
      const there = await copy(`sqlite:${sides.dir}`, sides.cql);
      const [source, target] = [openSqliteSource(sides.dir), await openCqlSource(sides.options)];
      expect(await differences(source, target)).toEqual([]);
      expect(await target.epoch()).toBeGreaterThan(epoch);
      for (const table of TRANSFER_TABLES) {
        const rows = await target.scan(table, null, 5);
        expect([table, rows.length > 0, (await target.count(table)) > 0]).toEqual([table, true, true]);
      }
      await Promise.all([source.close(), target.close()]);

      await copy(sides.cql, named(further));
      const back = await copy(named(further), `sqlite:${sides.back}`);
      const [before, after] = [openSqliteSource(sides.dir), openSqliteSource(sides.back)];
      const [old, anew] = [await everything(before, 1000), await everything(after, 1000)];
      for (const table of TRANSFER_TABLES) expect([table, anew.get(table)]).toEqual([table, old.get(table)]);
      // A cluster has the newest row of each journal twice.
      expect(back - there).toBe(new Set(old.get('journal')?.map(({ owner }) => owner)).size);
      expect(await after.epoch()).toBeGreaterThan(epoch);
      await Promise.all([before.close(), after.close()]);
    }, 600_000);

    test('names a difference, and is not made into a keyspace that has something or that a server has, nor from none', async () => {
      using sides = new Sides(await clusterOptions());
      await fillStore(sides.dir, 300);
      expect((await sides.run(sides.cql, `sqlite:${sides.back}`)).stderr).toContain(
        'There is no store in the keyspace',
      );
      expect((await sides.run(`sqlite:${sides.dir}`, sides.cql)).code).toBe(0);
      {
        await using running = await CqlStore.open(sides.options);
        await plantDifferences(running.store);
        expect((await sides.run(sides.cql, `sqlite:${sides.back}`)).stderr).toContain('in use by another Guildhall');
      }
      expect((await sides.run(`sqlite:${sides.dir}`, sides.cql)).stderr).toContain('holds something already');
      const [source, target] = [openSqliteSource(sides.dir), await openCqlSource(sides.options)];
      const found = await differences(source, target);
      await Promise.all([source.close(), target.close()]);
      expect(found.map(({ table, onlySource, onlyTarget }) => [table, onlySource.length, onlyTarget.length])).toEqual([
        ['users', 0, 1],
        ['logins', 0, 1],
        ['tokens', 1, 0],
      ]);
    }, 300_000);

    test('of one keyspace into another says what differs there, and ends with an error', async () => {
      using sides = new Sides(await clusterOptions());
      const further = await clusterOptions();
      await fillStore(sides.dir, 300);
      expect((await sides.run(`sqlite:${sides.dir}`, sides.cql)).code).toBe(0);
      expect((await sides.run(sides.cql, named(further))).code).toBe(0);
      {
        await using changed = await CqlStore.open(further);
        await plantDifferences(changed.store);
      }
      // As if it had been killed after its last row: what is left to do is to compare.
      const place = { table: TRANSFER_TABLES.at(-1), after: null, rows: 500 };
      await Bun.write(sides.checkpoint, JSON.stringify({ from: sides.cql, to: named(further), ...place }));
      const { code, stdout, stderr } = await sides.run(sides.cql, named(further));
      expect({ code, stderr }).toEqual({ code: 1, stderr: 'the stores differ in: users, logins, tokens\n' });
      expect((JSON.parse(stdout) as Said).same).toBe(false);
      // Nothing that lets anybody in.
      expect(stdout).not.toMatch(/scrypt|@example|"more"|"hash"/);
    }, 300_000);

    test('reads the same by any chunk, counts in ranges what cannot be counted at once, and keeps the newest row', async () => {
      using sides = new Sides(await clusterOptions());
      await fillStore(sides.dir, 120);
      expect((await sides.run(`sqlite:${sides.dir}`, sides.cql)).code).toBe(0);
      const cluster = await Cluster.connect(sides.options);
      const scan = new CqlScan((cql, params) => cluster.rows(cql, params));
      const whole = await everything(scan, 1000);
      for (const chunk of [1, 7]) expect(await everything(scan, chunk)).toEqual(whole);

      // What is not answered in time is asked again in smaller pieces.
      const late = Object.assign(new Error('cut'), { code: 'ECONNRESET', syscall: 'read' });
      const busy = new CqlScan((cql, params) => {
        const [from, to] = params.map((each) => BigInt(String(each)));
        const isWide = (to ?? 0n) - (from ?? 0n) > 2n ** 61n;
        return isWide ? Promise.reject(late) : cluster.rows(cql, params);
      });
      for (const table of TRANSFER_TABLES)
        expect([table, await busy.count(table)]).toEqual([table, await scan.count(table)]);

      // The journal ends by its own time, the newest row of an owner does not.
      await cluster.define(['truncate {}.journal']);
      const rows = await scan.scan('journal', null, 10);
      expect(rows.map(({ write }) => write)).toEqual([whole.get('journal')?.[0]?.write as Write]);
      await cluster.close();
    }, 300_000);
  });
