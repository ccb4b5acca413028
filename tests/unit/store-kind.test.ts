/** The store that a data directory belongs to, and what leads to a cluster. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { realClock } from '../../src/base/clock.ts';
import { type Config, readConfig } from '../../src/config.ts';
import { type RunningData, startData } from '../../src/data-node.ts';
import { examine } from '../../src/examine.ts';
import { clusterOf, openStore } from '../../src/open-store.ts';

let dir: string;
let dataNode: RunningData;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'guildhall-kind-'));
  dataNode = await startData(configOf({ 'data-dir': join(dir, 'service'), 'data-listen': '127.0.0.1:0' }));
});
afterAll(async () => {
  await dataNode.stop();
  rmSync(dir, { recursive: true, force: true });
});

const configOf = (flags: Record<string, string>) => readConfig({ port: '0', host: '127.0.0.1', ...flags }, {});
const open = (config: Config) => openStore(config, realClock);

/** With the store at the service. */
const overGrpc = (home: string) => {
  const { address, tokenFile } = dataNode;
  return configOf({ 'data-dir': home, store: 'data', 'data-address': address, 'data-token-file': tokenFile });
};

describe('a data directory', () => {
  test('whose store lies elsewhere gets no empty one of its own', async () => {
    const home = join(dir, 'elsewhere');
    await (await open(overGrpc(home))).close();
    const sqlite = configOf({ 'data-dir': home });
    await expect(open(sqlite)).rejects.toThrow(`The data directory ${home} was last used with --store data.`);
    expect(existsSync(join(home, 'guildhall.db'))).toBe(false);
    const finding = (await examine(sqlite, Date.now())).find(({ check }) => check === 'store');
    expect(finding).toMatchObject({ state: 'bad', mend: 'give --store data' });
    rmSync(join(home, 'store-kind'));
    await (await open(sqlite)).close();
    expect(existsSync(join(home, 'guildhall.db'))).toBe(true);
  });

  test('with a store of its own may be used with one elsewhere afterwards, and not by mistake with its own again', async () => {
    const home = join(dir, 'moved');
    await (await open(configOf({ 'data-dir': home }))).close();
    await (await open(configOf({ 'data-dir': home }))).close();
    await (await open(overGrpc(home))).close();
    await expect(open(configOf({ 'data-dir': home }))).rejects.toThrow('was last used with --store data');
  });

  test('with a store of its own goes on with it when one elsewhere does not open', async () => {
    const home = join(dir, 'tried');
    const own = configOf({ 'data-dir': home });
    await (await open(own)).close();
    const elsewhere = { 'data-dir': home, 'contact-points': '127.0.0.1:1' };
    await expect(open(configOf({ ...elsewhere, store: 'cql' }))).rejects.toThrow('127.0.0.1:1');
    await expect(open(configOf({ ...elsewhere, store: 'data' }))).rejects.toThrow('token of the data service');
    await (await open(own)).close();
  });

  test('of a server in memory remembers nothing', async () => {
    const home = join(dir, 'memory');
    await (await open(configOf({ 'data-dir': home, store: 'memory' }))).close();
    await (await open(configOf({ 'data-dir': home }))).close();
  });
});

describe('the password of a cluster', () => {
  test('is named by the option that it misses', async () => {
    const user = { store: 'cql', 'cql-username': 'u', 'data-dir': join(dir, 'cluster') };
    expect(() => clusterOf(configOf(user))).toThrow('--cql-username needs --cql-password-file');
    const none = join(dir, 'none');
    const unread = configOf({ ...user, 'cql-password-file': none });
    expect(() => clusterOf(unread)).toThrow(/^The file of --cql-password-file cannot be read: .*none/);
    await expect(open(unread)).rejects.toThrow('--cql-password-file');
    const finding = (await examine(unread, Date.now())).find(({ check }) => check === 'store');
    expect(finding?.found).toContain('--cql-password-file');
    expect(() => clusterOf(configOf({ store: 'cql', 'cql-password-file': none }))).toThrow('needs --cql-username');
    const file = join(dir, 'password');
    writeFileSync(file, 'secret\n');
    expect(clusterOf(configOf({ ...user, 'cql-password-file': file }))).toMatchObject({ username: 'u' });
  });
});
