/** A whole server whose store is a data server: people write and read through it, it dies and comes back, and nobody else may own what it stores. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { readConfig } from '../../src/config.ts';
import { startServer } from '../../src/supervise.ts';
import { Refused } from '../support/call-rest.ts';
import { runCommand } from '../support/command.ts';
import { DataProcess } from '../support/data-process.ts';
import { eventually } from '../support/eventually.ts';
import { Town } from '../support/town.ts';

let dir: string;
let data: DataProcess;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'guildhall-data-'));
  data = await DataProcess.start(dir);
});
afterAll(async () => {
  await data.kill();
  rmSync(dir, { recursive: true, force: true });
});

const through = () => ({ store: 'data', dataAddress: data.address, dataTokenFile: data.tokenFile }) as const;

const statusOf = (asked: Promise<unknown>): Promise<number> =>
  asked.then(
    () => 200,
    (error) => (error instanceof Refused ? error.status : -1),
  );

test('people write and read through it; it may die and come back', async () => {
  await using town = await Town.open({ config: through() });
  const anna = await town.person('anna');
  const place = await town.guild(anna);
  await using session = await town.visit(anna);
  const path = `/channels/${place.channel}/messages`;
  await town.say(anna, place.channel, 'before');
  expect(await session.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'before' })).toBeDefined();
  await data.kill();
  expect(await statusOf(town.rest(anna.token, 'GET', path))).toBe(503);
  expect(await statusOf(town.rest(anna.token, 'POST', path, { content: 'meanwhile' }))).toBe(503);
  data = await data.startAgain();
  await eventually('it stores again', async () => {
    return (await statusOf(town.rest(anna.token, 'POST', path, { content: 'after' }))) === 200;
  });
  expect(await session.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'after' })).toBeDefined();
  const page = await town.rest<APIMessage[]>(anna.token, 'GET', path);
  expect(page.map(({ content }) => content)).toEqual(expect.arrayContaining(['after', 'before']));
  expect(page.length).toBe(new Set(page.map(({ id }) => id)).size);
});

test('a second server is told that what is stored belongs to the first; afterwards it finds everything', async () => {
  const place = await (async () => {
    await using town = await Town.open({ config: through() });
    const dataDir = mkdtempSync(join(tmpdir(), 'guildhall-second-'));
    const flags = { port: '0', host: '127.0.0.1', 'data-dir': dataDir, workers: '1' };
    const second = startServer(
      { ...readConfig(flags, {}), ...through() },
      { ownListeners: false, publicListener: true },
    );
    expect(await second.catch((error) => error.message)).toStartWith(
      'the data service refuses: what is stored belongs',
    );
    rmSync(dataDir, { recursive: true });
    const berta = await town.person('berta');
    const made = await town.guild(berta);
    await town.say(berta, made.channel, 'kept');
    return { ...made, token: berta.token };
  })();
  await using town = await Town.open({ config: through() });
  const path = `/channels/${place.channel}/messages`;
  const page = await town.rest<APIMessage[]>(place.token, 'GET', path);
  expect(page.map(({ content }) => content)).toEqual(['kept']);
});

test('doctor says whether it is there', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'guildhall-doctor-'));
  const look = async (address: string, tokenFile = data.tokenFile) => {
    const flags = [
      '--store',
      'data',
      '--port',
      '0',
      '--data-address',
      address,
      '--data-token-file',
      tokenFile,
      '--json',
    ];
    const { stdout } = await runCommand(folder, ['doctor', ...flags]);
    const { findings } = JSON.parse(stdout) as {
      readonly findings: readonly { check: string; state: string; found: string; mend: string | null }[];
    };
    const { state, found, mend } = findings.find(({ check }) => check === 'store')!;
    return `${state}: ${found}${mend === null ? '' : `; ${mend}`}`;
  };
  expect(await look(data.address)).toBe(`good: a data service answers at ${data.address}`);
  const nobody = await look('127.0.0.1:1');
  expect(nobody).toMatch(/^bad: no data service answers at 127\.0\.0\.1:1 \(.*; start guildhall data there/);
  const other = join(folder, 'other-token');
  writeFileSync(other, 'a-token-of-another-service\n', { mode: 0o600 });
  const strange = await look(data.address, other);
  expect(strange).toMatch(/^bad: the data service does not take this token: .*--data-token-file.*; mend the option/);
  rmSync(folder, { recursive: true });
}, 60_000);

test('doctor that is not told where the store is takes the word of the running server', async () => {
  await using town = await Town.open({ config: through() });
  const words = ['doctor', '--host', '127.0.0.1', '--port', String(town.port)];
  const beside = await runCommand(town.dataDir, words);
  expect([beside.code, beside.stderr]).toEqual([0, '']);
  expect(beside.stdout).toMatch(/^good {2}store {6}the running server keeps it with --store data/m);
  expect(beside.stdout).toMatch(/^good {2}health {5}the running server is well/m);
  await data.kill();
  let without = beside;
  await eventually('its death is known', async () => {
    without = await runCommand(town.dataDir, words);
    return without.code === 1;
  });
  data = await data.startAgain();
  expect(without.stderr).toBe('must be mended: health\n');
  expect(without.stdout).toContain('mend: look at it: guildhall doctor --store data, with the options of the server');
}, 60_000);

test('a server without its data server does not start, and says why', async () => {
  const flags = { port: '0', 'data-dir': `${dir}/none`, workers: '1', store: 'data', 'data-address': '127.0.0.1:1' };
  const start = (file: string) =>
    startServer(readConfig({ ...flags, 'data-token-file': file }, {}), { ownListeners: false, publicListener: true });
  expect(await start(`${dir}/nowhere`).catch((error) => error.message)).toContain('cannot be read');
  expect(await start(data.tokenFile).catch((error) => error.message)).toContain(
    'no data service answers at 127.0.0.1:1',
  );
}, 30_000);
