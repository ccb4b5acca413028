/** The store that a data directory belongs to, and what leads to a cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../../src/config.ts';
import { examine } from '../../src/examine.ts';
import { clusterOf, openStore } from '../../src/open-store.ts';

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'guildhall-kind-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const configOf = (flags: Record<string, string>) => readConfig({ port: '0', host: '127.0.0.1', ...flags }, {});

describe('a data directory', () => {
  test('whose store lies elsewhere gets no empty one of its own', async () => {
    const home = join(dir, 'elsewhere');
    await (await openStore(configOf({ 'data-dir': home, store: 'data' }))).close();
    const sqlite = configOf({ 'data-dir': home });
    await expect(openStore(sqlite)).rejects.toThrow(`The data directory ${home} was last used with --store data.`);
    expect(existsSync(join(home, 'guildhall.db'))).toBe(false);
    const finding = (await examine(sqlite, Date.now())).find(({ check }) => check === 'store');
    expect(finding).toMatchObject({ state: 'bad', mend: 'give --store data' });
    rmSync(join(home, 'store-kind'));
    await (await openStore(sqlite)).close();
    expect(existsSync(join(home, 'guildhall.db'))).toBe(true);
  });

  test('with a store of its own may be used with one elsewhere afterwards, and not by mistake with its own again', async () => {
    const home = join(dir, 'moved');
    await (await openStore(configOf({ 'data-dir': home }))).close();
    await (await openStore(configOf({ 'data-dir': home }))).close();
    await (await openStore(configOf({ 'data-dir': home, store: 'data' }))).close();
    await expect(openStore(configOf({ 'data-dir': home }))).rejects.toThrow('was last used with --store data');
  });

  test('of a server in memory remembers nothing', async () => {
    const home = join(dir, 'memory');
    await (await openStore(configOf({ 'data-dir': home, store: 'memory' }))).close();
    await (await openStore(configOf({ 'data-dir': home }))).close();
  });
});

describe('the password of a cluster', () => {
  test('is named by the option that it misses', async () => {
    const user = { store: 'cql', 'cql-username': 'u', 'data-dir': join(dir, 'cluster') };
    expect(() => clusterOf(configOf(user))).toThrow('--cql-username needs --cql-password-file');
    const none = join(dir, 'none');
    const unread = configOf({ ...user, 'cql-password-file': none });
    expect(() => clusterOf(unread)).toThrow(/^The file of --cql-password-file cannot be read: .*none/);
    await expect(openStore(unread)).rejects.toThrow('--cql-password-file');
    const finding = (await examine(unread, Date.now())).find(({ check }) => check === 'store');
    expect(finding?.found).toContain('--cql-password-file');
    expect(() => clusterOf(configOf({ store: 'cql', 'cql-password-file': none }))).toThrow('needs --cql-username');
    const file = join(dir, 'password');
    writeFileSync(file, 'secret\n');
    expect(clusterOf(configOf({ ...user, 'cql-password-file': file }))).toMatchObject({ username: 'u' });
  });
});
