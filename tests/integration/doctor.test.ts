/** `doctor` and `health`: what is well, what must be mended, and that they say so in the exit code; what another user than the server's is told. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { runCli } from '../../src/cli/cli.ts';
import { clock, closed, cores, directory, type Finding, openFiles } from '../../src/examine.ts';
import { lockDirectory } from '../../src/store/sqlite/open.ts';
import { MIGRATIONS, migrate } from '../../src/store/sqlite/schema.ts';
import { runCommand } from '../support/command.ts';
import { FROM_SOURCE, ServerProcess } from '../support/server-process.ts';

interface Look {
  readonly well: boolean;
  readonly findings: readonly Finding[];
}

let dir: string;
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'guildhall-doctor-'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function look(home: string, flags: readonly string[] = ['--port', '0']) {
  const { code, stdout, stderr } = await runCommand(home, ['doctor', '--json', '--host', '127.0.0.1', ...flags]);
  const { well, findings } = JSON.parse(stdout) as Look;
  const of = (check: Finding['check']) => findings.find((finding) => finding.check === check);
  return { code, stderr, well, of };
}

/** A data directory with a store that something was done to. */
function storeWith(name: string, sql: string): string {
  const home = join(dir, name);
  mkdirSync(home, { mode: 0o700 });
  const db = new DatabaseSync(join(home, 'guildhall.db'));
  migrate(db);
  db.exec(sql);
  db.close();
  return home;
}

describe('doctor', () => {
  test('finds nothing to mend where a server can start, and makes nothing', async () => {
    const { code, stderr, well, of } = await look(join(dir, 'new'));
    expect([code, stderr, well]).toEqual([0, '', true]);
    expect(of('store')).toMatchObject({ state: 'good', found: 'none yet: it is made at the first start' });
    expect(of('port')?.state).toBe('good');
    const words = await runCommand(join(dir, 'new'), ['doctor', '--port', '0']);
    expect(words.stdout).toMatch(/^good {2}port {7}/);
  });

  test('looks beside a running server', async () => {
    const home = join(dir, 'running');
    await using server = await ServerProcess.start(home, ['--workers', '1']);
    const { code, well, of } = await look(home, ['--port', `${server.port}`]);
    expect([code, well]).toEqual([0, true]);
    expect(of('port')?.found).toContain('a server runs');
    expect(of('lock')?.found).toContain('the running server');
    expect(of('store')).toMatchObject({ state: 'good', found: `opens, version ${MIGRATIONS.length}` });
    await server.stop();
    expect((await look(home)).of('lock')?.found).toContain('nobody');
  });

  test('advises to close a token of the data service that others may read', async () => {
    const home = join(dir, 'token');
    mkdirSync(home, { mode: 0o700 });
    expect((await look(home)).of('token')).toBeUndefined();
    const file = join(home, 'data-token');
    writeFileSync(file, 'a-token-that-is-long-enough\n', { mode: 0o644 });
    const { code, of } = await look(home);
    expect([code, of('token')?.state, of('token')?.mend]).toEqual([
      0,
      'poor',
      expect.stringContaining(`chmod 600 ${file}`),
    ]);
    chmodSync(file, 0o600);
    expect((await look(home)).of('token')?.state).toBe('good');
  });

  test('says that the port is taken', async () => {
    await using other = await ServerProcess.start(join(dir, 'other'), ['--workers', '2']);
    const { code, stderr, well, of } = await look(join(dir, 'new'), ['--port', `${other.port}`]);
    expect([code, stderr, well]).toEqual([1, 'must be mended: port\n', false]);
    expect(of('port')).toMatchObject({ state: 'bad', mend: 'stop what listens there, or give another --port' });
    await other.stop();
  });

  test('says that somebody silent holds the directory', async () => {
    const home = join(dir, 'held');
    mkdirSync(home);
    const lock = lockDirectory(home);
    const { code, of } = await look(home);
    lock.close();
    expect([code, of('lock')?.state]).toEqual([1, 'bad']);
    expect(of('lock')?.mend).toContain(`${home}/lock.db`);
  });

  const stores: readonly [string, string, string][] = [
    ['newer', `pragma user_version = ${MIGRATIONS.length + 3}`, 'start a newer Guildhall'],
    ['foreign', 'pragma application_id = 7', 'give another --data-dir'],
  ];
  test.each(stores)('says that the store is %s', async (name, sql, mend) => {
    const { code, of } = await look(storeWith(name, sql));
    expect([code, of('store')?.state, of('store')?.mend]).toEqual([1, 'bad', mend]);
  });

  test('says that the store is damaged, and that the place is a file', async () => {
    const home = storeWith('damaged', '');
    writeFileSync(join(home, 'guildhall.db'), 'no database at all, but long enough to be read as one'.repeat(20));
    expect((await look(home)).of('store')).toMatchObject({ state: 'bad' });
    const sentence = `${home}/guildhall.db cannot be read: file is not a database; check its owner; if it is damaged, bring back a backup.\n`;
    const copying = ['copy', '--from', `sqlite:${home}`, '--to', `sqlite:${join(dir, 'copied')}`];
    for (const words of [['serve', '--port', '0'], copying])
      expect(await runCommand(home, words)).toEqual({ code: 1, stdout: '', stderr: sentence });
    const file = join(dir, 'file');
    writeFileSync(file, '');
    expect((await look(file)).of('directory')).toMatchObject({ state: 'bad', found: `${file} is no directory` });
  });

  test('says that a seed or a certificate is wrong, as serve would', async () => {
    const [seed, ca] = [join(dir, 'seed.json'), join(dir, 'ca.pem')];
    writeFileSync(seed, '{"users": [{"name": 5}]}');
    writeFileSync(ca, 'no certificate');
    const home = join(dir, 'wrong-files');
    const inMemory = ['--port', '0', '--store', 'memory', '--seed', seed];
    const wrong = await look(home, [...inMemory, '--data-ca-file', ca]);
    expect([wrong.code, wrong.of('seed')?.state, wrong.of('tls')?.state]).toEqual([1, 'bad', 'bad']);
    expect(wrong.of('seed')?.found).toContain('users[0].name');
    expect(wrong.of('tls')?.found).toContain('--data-ca-file');
    expect((await look(home, ['--port', '0', '--seed', seed])).of('seed')?.mend).toBe('give --store memory');
    writeFileSync(seed, '{"users": [{"name": "anna"}]}');
    expect((await look(home, inMemory)).of('seed')?.state).toBe('good');
  });

  const files: readonly [string, string | null][] = [
    ['Max open files            1024                 4096                 files', 'poor'],
    ['Max open files            1024                 1024                 files', 'bad'],
    ['Max open files            1024                 unlimited            files', 'good'],
    ['Max processes             7                    7                    processes', null],
  ];
  test.each(files)('%s: %s', (limits, state) => {
    expect(openFiles(limits)?.[0] ?? null).toBe(state as 'good' | null);
  });

  test('knows a clock that cannot be right', () => {
    const now = Date.UTC(2030, 0, 1);
    expect(clock(now, null)[0]).toBe('good');
    expect(clock(now, now + 1000)[0]).toBe('good');
    expect(clock(now, now + 3_600_000)[0]).toBe('bad');
    expect(clock(0, null)[0]).toBe('bad');
  });

  test('gives nothing away but a data directory that is there', () => {
    const there = (made: string) => directory(join(dir, made), () => false)[2];
    expect(there('.')).toEndWith(`chown -R USER ${dir}`);
    expect(there('not/made')).toBe(`make it: install -d -m 700 -o USER ${dir}/not/made`);
  });

  test('says nothing of what it cannot see, and promises no directory that cannot be made', async () => {
    expect(closed(dir, () => false)?.[1]).toBe(`not known: ${dir} is closed to this user`);
    expect([closed(dir), closed(join(dir, 'not-made'))]).toEqual([null, null]);
    expect(directory('/proc/none/there', () => true)[1]).toBe('/proc/none/there cannot be made');
  });

  test('knows more workers than cores', () => {
    expect([cores(2, 2)[0], cores(3, 2)[0]]).toEqual(['good', 'poor']);
  });
});

/** Without a data directory. */
async function askAlone(argv: readonly string[]) {
  const [out, err]: [string[], string[]] = [[], []];
  const none = () => Promise.reject(new Error('not asked for'));
  const code = await runCli(argv, {
    ...{ serve: none, serveData: none, copy: none, withCore: none, pause: none, readInput: none },
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text) },
  });
  return { code, out: out.join(''), err: err.join('') };
}

describe('health', () => {
  test('is 0 while the server answers, 1 after', async () => {
    const home = join(dir, 'health');
    await using server = await ServerProcess.start(home, ['--workers', '1']);
    expect(await runCommand(home, ['health'])).toEqual({ code: 0, stdout: 'well\n', stderr: '' });
    const port = ['health', '--port', `${server.port}`];
    expect(await askAlone([...port, '--host', '0.0.0.0'])).toEqual({ code: 0, out: 'well\n', err: '' });
    await server.stop();
    const after = await runCommand(home, ['health']);
    expect([after.code, after.stdout]).toEqual([1, '']);
    expect(after.stderr).toStartWith(`no server runs on the data directory ${home}`);
    const address = `http://127.0.0.1:${server.port}/health`;
    expect(await askAlone([...port, '--host', '127.0.0.1'])).toEqual({
      ...{ code: 1, out: '', err: `${address} does not answer: nothing listens there\n` },
    });
  });

  test('is not that of another server, which has the port', async () => {
    await using server = await ServerProcess.start(join(dir, 'another'), ['--workers', '1']);
    const home = join(dir, 'of-nobody');
    const both = await runCommand(home, ['health', '--port', `${server.port}`]);
    expect([both.code, both.stdout]).toEqual([2, '']);
    expect(both.stderr).toStartWith('--port and --host ask whoever answers there: give them without --data-dir\n');
    const alone = await runCommand(home, ['health']);
    expect([alone.code, alone.stdout]).toEqual([1, '']);
    expect(alone.stderr).toStartWith(`no server runs on the data directory ${home}`);
    mkdirSync(home);
    const lock = lockDirectory(home);
    const held = await runCommand(home, ['health', '--json']);
    lock.close();
    expect([held.code, held.stdout]).toEqual([1, '']);
    await server.stop();
  });
});

describe('another user than the one who runs the server', () => {
  const isRoot = process.getuid?.() === 0;
  /** Root may write everywhere, unless it is told not to. */
  const asUser = isRoot ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search', ...FROM_SOURCE] : FROM_SOURCE;

  test('is told so by commands beside it, and nothing of what may have been done', async () => {
    const home = join(dir, 'of-another');
    await using server = await ServerProcess.start(home, ['--workers', '1']);
    const socket = join(home, 'guildhall.sock');
    chmodSync(socket, 0);
    const sentence = `${socket} is closed to this user: run this as the user who runs the server\n`;
    for (const words of [['user', 'add', 'rita'], ['health']])
      expect(await runCommand(home, words, asUser)).toEqual({ code: 1, stdout: '', stderr: sentence });
    await server.stop();
  });

  test('is told whose the directory is, and not to take one that a server may be using', async () => {
    const home = join(dir, 'whose');
    const serve = async (): Promise<string> => {
      const { code, stdout, stderr } = await runCommand(home, ['serve', '--port', '0'], asUser);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toStartWith(`The data directory ${home} cannot be written: `);
      return stderr;
    };
    mkdirSync(home, { mode: 0 });
    expect(await serve()).toEndWith(`. It is this user's own: chmod -R u+rwX ${home}.\n`);
    // Only root can give a directory to somebody.
    if (!isRoot) return;
    chownSync(home, 4321, 4322);
    const theirs =
      '. It belongs to user 4321:4322: run this as the user who runs the server (of a container: with --user 4321:4322).\n';
    expect(await serve()).toEndWith(theirs);
    chmodSync(home, 0o755);
    expect(await serve()).toMatch(/: chown -R 0:0 .*whose \(.*\n$/);
    writeFileSync(join(home, 'lock.db'), '');
    chmodSync(join(home, 'lock.db'), 0o600);
    chownSync(join(home, 'lock.db'), 4321, 4322);
    expect(await serve()).toEndWith(theirs);
  });
});
