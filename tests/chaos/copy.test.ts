/** A store copied into another one: the same afterwards, however often the copy was killed; what differs is said. */
import { describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Comparison, compareTables, isSame } from '../../src/store/comparing.ts';
import { connectStore } from '../../src/store/sqlite/client.ts';
import { openSqlite } from '../../src/store/sqlite/threads.ts';
import { openSqliteSource } from '../../src/store/sqlite/transfer.ts';
import { TRANSFER_TABLES } from '../../src/store/transfer.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { fillStore, plantDifferences } from '../support/filled-store.ts';
import { FROM_SOURCE } from '../support/server-process.ts';
import { StoreFolder } from '../support/store-folder.ts';

async function differences(from: string, to: string): Promise<readonly string[]> {
  const [source, target] = [openSqliteSource(from), openSqliteSource(to)];
  const compared = await compareTables({ source, target, chunk: 100, most: 5, saw: () => {} });
  await Promise.all([source.close(), target.close()]);
  return compared.filter((each) => !isSame(each)).map(({ table }) => table);
}

class Sides implements Disposable {
  readonly #folders = [new StoreFolder(), new StoreFolder()] as const;
  readonly from = this.#folders[0].dir;
  readonly to = join(this.#folders[1].dir, 'copy');
  readonly checkpoint = join(this.#folders[1].dir, 'checkpoint.json');
  readonly args = [
    'copy',
    '--from',
    `sqlite:${this.from}`,
    '--to',
    `sqlite:${this.to}`,
    '--checkpoint',
    this.checkpoint,
  ];

  run(): ReturnType<typeof runCommand> {
    return runCommand(this.#folders[1].dir, [...this.args, '--json']);
  }

  /** Begins it and kills it when its checkpoint says more than `rows`, or when it is done before. */
  async kill(rows: number): Promise<void> {
    const [file = '', ...words] = FROM_SOURCE;
    const child = spawn(file, [...words, ...this.args], { stdio: 'ignore' });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await eventually('it has come so far', () => child.exitCode !== null || this.#rows() > rows, 20_000);
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

describe('a copy', () => {
  test('has everything of every table, and greater epochs', async () => {
    using sides = new Sides();
    const epoch = await fillStore(sides.from, 500);
    const { code, stdout, stderr } = await sides.run();
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    // Hashes of passwords and of tokens lie in it.
    const modes = ['', 'guildhall.db'].map((name) => statSync(join(sides.to, name)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600]);
    const said = JSON.parse(stdout) as { readonly same: boolean; readonly rows: number; readonly resumedAt: number };
    expect(said).toMatchObject({ same: true, resumedAt: 0 });
    const [source, target] = [openSqliteSource(sides.from), openSqliteSource(sides.to)];
    for (const table of TRANSFER_TABLES) {
      const [here, there] = [await source.scan(table, null, 5), await target.scan(table, null, 5)];
      expect([table, there]).toEqual([table, here]);
      expect(here.length).toBeGreaterThan(0);
      expect(await target.count(table)).toBe(await source.count(table));
    }
    expect(await target.epoch()).toBeGreaterThan(epoch);
    await Promise.all([source.close(), target.close()]);
    expect(existsSync(sides.checkpoint)).toBe(false);
  }, 60_000);

  test('killed again and again goes on, and is the same', async () => {
    using sides = new Sides();
    await fillStore(sides.from, 20_000);
    for (const rows of [0, 4000, 12_000]) await sides.kill(rows);
    const { code, stdout } = await sides.run();
    expect(code).toBe(0);
    const said = JSON.parse(stdout) as { readonly same: boolean; readonly resumedAt: number };
    expect(said.same).toBe(true);
    expect(said.resumedAt).toBeGreaterThan(0);
    expect(await differences(sides.from, sides.to)).toEqual([]);
  }, 120_000);

  test('is not made into a store that has something, nor from none, nor with the checkpoint of another', async () => {
    using sides = new Sides();
    expect((await sides.run()).stderr).toContain('There is no store');
    await fillStore(sides.from, 10);
    await fillStore(sides.to, 10);
    expect((await sides.run()).stderr).toContain('holds something already');
    await Bun.write(sides.checkpoint, JSON.stringify({ from: 'a', to: 'b', table: 'users', after: null, rows: 0 }));
    expect((await sides.run()).stderr).toContain('is of another copy');
  }, 60_000);
});

test('a difference is named, wherever it is, and nothing that lets anybody in', async () => {
  using sides = new Sides();
  await fillStore(sides.from, 300);
  expect((await sides.run()).code).toBe(0);
  const threads = await openSqlite({ dir: sides.to, readers: 1 });
  const store = connectStore(threads.connect());
  await plantDifferences(store);
  await store.close();
  await threads.close();
  const [source, target] = [openSqliteSource(sides.from), openSqliteSource(sides.to)];
  const compared = await compareTables({ source, target, chunk: 100, most: 5, saw: () => {} });
  await Promise.all([source.close(), target.close()]);
  const differing = compared.filter((each) => !isSame(each));
  expect(differing.map(({ table, onlySource, onlyTarget }) => [table, onlySource.length, onlyTarget.length])).toEqual([
    ['users', 0, 1],
    ['logins', 0, 1],
    ['tokens', 1, 0],
  ]);
  // As if it had been killed after its last row: what is left to do is to compare.
  const [from, to] = [`sqlite:${sides.from}`, `sqlite:${sides.to}`];
  await Bun.write(sides.checkpoint, JSON.stringify({ from, to, table: 'results', after: null, rows: 500 }));
  const { code, stdout } = await sides.run();
  const said = JSON.parse(stdout) as { readonly compared: readonly Comparison[] };
  const named = said.compared.flatMap(({ onlySource, onlyTarget }) => [...onlySource, ...onlyTarget]);
  const whose = expect.stringMatching(/^{"w":"putToken","userId":"\d+"}$/);
  expect([code, ...named]).toEqual([1, '{"w":"putUser","userId":"5"}', '{"w":"putLogin","userId":"5"}', whose]);
  expect(stdout).not.toMatch(/scrypt|@example|"more"|"hash"/);
}, 60_000);
