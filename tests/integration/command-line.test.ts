/** The command line as its user types it: beside a running server, without one, and where it must refuse. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { link, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIGuild, APIUser } from 'discord-api-types/v10';
import manifest from '../../package.json' with { type: 'json' };
import { lockDirectory } from '../../src/store/sqlite/open.ts';
import { callRest, Refused } from '../support/call-rest.ts';
import { askCommand, runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { Inbox } from '../support/inbox.ts';
import { BOT_INTENTS, RawGateway } from '../support/raw-gateway.ts';
import { FROM_SOURCE, ServerProcess } from '../support/server-process.ts';

interface Named {
  readonly id: string;
  readonly username: string;
}
interface Made {
  readonly user: Named;
  readonly token: string;
  readonly password: string;
}
interface BotMade {
  readonly bot: Named;
  readonly token: string;
  readonly guild: { readonly id: string; readonly name: string };
  readonly owner: Named;
  readonly ownerPassword?: string;
}

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'guildhall-command-'));
});

afterAll(() => rm(dir, { recursive: true, force: true }));

const urlOf = ({ port }: ServerProcess): string => `http://127.0.0.1:${port}`;

/** The bot runs and sees its guild. */
async function works(url: string, { bot, token, guild }: BotMade): Promise<void> {
  expect(await callRest<APIUser>(url, `Bot ${token}`, 'GET', '/users/@me')).toMatchObject({ id: bot.id, bot: true });
  await using gateway = await RawGateway.login(url, { token, intents: BOT_INTENTS });
  await gateway.dispatch('GUILD_CREATE', { id: guild.id, unavailable: false });
}

test('a server names the variables that it does not know, before it begins', async () => {
  process.env.GUILDHALL_GREETING = 'hi';
  await using server = await ServerProcess.start(join(dir, 'greeting'), ['--workers', '1']);
  delete process.env.GUILDHALL_GREETING;
  await eventually('the line', () => server.complaints.includes('"name":"GUILDHALL_GREETING"'));
});

test('the log says where a run begins, and by which signal it ends', async () => {
  const home = join(dir, 'lines');
  const server = await ServerProcess.start(home, ['--workers', '1']);
  await server.stop();
  const [runs, stops, ...others] = server.complaints.split('\n').map((line) => JSON.parse(line) as object);
  const at = { host: '127.0.0.1', port: server.port, store: 'sqlite', storePlace: home, workers: 1, dataDir: home };
  expect(runs).toMatchObject({ level: 'info', what: 'the server runs', version: manifest.version, ...at });
  expect(stops).toMatchObject({ level: 'info', what: 'the server stops', why: 'SIGTERM' });
  expect(others).toEqual([]);
});

test('npm hands the signal that ends it on to the server, which ends in order', async () => {
  const home = join(dir, 'by-npm');
  const words = ['start', '--silent', '--', '--json', '--port', '0', '--host', '127.0.0.1', '--data-dir', home];
  const npm = spawn('npm', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(npm.stdout, 'data');
  npm.kill('SIGTERM');
  await once(npm, 'exit');
  const lock = await eventually('nobody holds the directory', () => lockDirectory(home));
  lock.close();
});

test('Ctrl-C in a terminal reaches the server itself and once more by npm; pressed twice, too, it ends in order', async () => {
  const home = join(dir, 'by-terminal');
  const words = ['start', '--', '--json', '--port', '0', '--host', '127.0.0.1', '--data-dir', home];
  const shown = new Inbox<string>((text) => text);
  const data = (_terminal: unknown, bytes: Uint8Array): void => shown.push(Buffer.from(bytes).toString());
  await using npm = Bun.spawn(['npm', ...words], { terminal: { data } });
  const shows = (text: string) => shown.until(text, () => shown.items.join('').includes(text), { ms: 20_000 });
  await shows('the server runs');
  npm.terminal?.write('\x03');
  await shows('"why":"SIGINT","what":"the server stops"');
  npm.terminal?.write('\x03');
  expect([await npm.exited, npm.signalCode]).toEqual([0, null]);
  expect(readdirSync(home).sort()).toEqual(['guildhall.db', 'lock.db']);
});

test('a signal that comes later than the first one ends the process at once', async () => {
  using silent = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => {} } });
  const home = join(dir, 'impatient');
  await mkdir(home);
  await writeFile(join(home, 'data-token'), 't'.repeat(32));
  const [file = '', ...words] = FROM_SOURCE;
  // It waits for the data service longer than for a new wish.
  const flags = ['serve', '--port', '0', '--store', 'data', '--data-address', `127.0.0.1:${silent.port}`];
  const child = spawn(file, [...words, ...flags, '--data-dir', home], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await eventually('the start has begun', () => existsSync(join(home, 'lock.db')));
  await eventually('it has ended', () => !child.kill('SIGINT'));
  expect(await ended).toEqual([null, 'SIGINT']);
});

describe('without a server', () => {
  test('users, guilds and bots are made in the store, and a server started later has them', async () => {
    const home = join(dir, 'later');
    const made = await askCommand<Made>(home, ['user', 'add', 'nelly', '--password', 'correct horse']);
    expect(made).toMatchObject({ user: { username: 'nelly' }, password: 'correct horse' });
    const { guild } = await askCommand<{ guild: APIGuild }>(home, ['guild', 'add', 'Home', '--owner', 'nelly']);
    expect(guild).toMatchObject({ name: 'Home', owner_id: made.user.id });
    const bot = await askCommand<BotMade>(home, ['bot', 'add', 'echo', '--guild', 'Home', '--owner', 'nelly']);
    expect(bot.guild.id).toBe(guild.id);

    await using server = await ServerProcess.start(home, ['--workers', '2']);
    const url = urlOf(server);
    expect(await callRest<APIUser>(url, made.token, 'GET', '/users/@me')).toMatchObject({ id: made.user.id });
    const login = { login: 'nelly', password: 'correct horse' };
    expect(await callRest<{ user_id: string }>(url, null, 'POST', '/auth/login', login)).toMatchObject({
      user_id: made.user.id,
    });
    await works(url, bot);
    await server.stop();
  });

  test('commands at the same time wait for each other', async () => {
    const home = join(dir, 'together');
    const all = await Promise.all(['uma', 'vera'].map((name) => runCommand(home, ['user', 'add', name])));
    expect(all.map(({ code, stdout }) => [code, stdout.slice(0, 4)])).toEqual(all.map(() => [0, 'user']));
  });

  test('the one command of the README makes all that a bot needs, in words for people', async () => {
    const home = join(dir, 'words');
    const { code, stdout, stderr } = await runCommand(home, ['bot', 'add', 'ping', '--guild', 'My place']);
    expect([code, stderr]).toEqual([0, `no server runs on ${home}: a new store was made there\n`]);
    const [bot, guild, owner, token, ...rest] = stdout.split('\n');
    expect(bot).toMatch(/^bot {4}ping \(\d{17,19}\)$/);
    expect(guild).toMatch(
      /^guild {2}My place \(\d{17,19}\), made: owner had none of that name \(another user's: --owner USER, or its id\)$/,
    );
    expect(owner).toMatch(/^owner {2}owner \(\d{17,19}\), made: there was nobody of that name, password \S+$/);
    expect(token).toMatch(/^token {2}[^.\s]+\.[^.\s]+\.[^.\s]+$/);
    expect(rest).toEqual(['']);
  });
});

describe('beside a running server', () => {
  let home: string;
  let server: ServerProcess;

  beforeAll(async () => {
    home = join(dir, 'beside');
    server = await ServerProcess.start(home, ['--workers', '2']);
  });

  afterAll(() => server[Symbol.asyncDispose]());

  test('users, guilds and bots are there at once, also for sessions that are open', async () => {
    const made = await askCommand<Made>(home, ['user', 'add', 'olga']);
    expect(made.password.length).toBeGreaterThan(8);
    await using gateway = await RawGateway.login(urlOf(server), { token: made.token });
    const { guild } = await askCommand<{ guild: APIGuild }>(home, ['guild', 'add', 'Club', '--owner', 'olga']);
    await gateway.dispatch('GUILD_CREATE', { id: guild.id, owner_id: made.user.id });
    const bot = await askCommand<BotMade>(home, ['bot', 'add', 'echo', '--guild', guild.id]);
    const joined = await gateway.dispatch<{ user: Named }>('GUILD_MEMBER_ADD', { guild_id: guild.id });
    expect(joined.user.id).toBe(bot.bot.id);
    await works(urlOf(server), bot);
  });

  test('asked again, a bot is the same one with another token; both are good', async () => {
    const [one, two] = [
      await askCommand<BotMade>(home, ['bot', 'add', 'twice', '--guild', 'Twice']),
      await askCommand<BotMade>(home, ['bot', 'add', 'twice', '--guild', 'Twice']),
    ];
    expect([two.bot.id, two.guild.id]).toEqual([one.bot.id, one.guild.id]);
    expect(two.token).not.toBe(one.token);
    for (const made of [one, two]) await works(urlOf(server), made);
  });

  test('what cannot be done is said in one sentence, with a code', async () => {
    await askCommand<Made>(home, ['user', 'add', 'petra']);
    const taken = await runCommand(home, ['user', 'add', 'Petra']);
    expect([taken.code, taken.stdout]).toEqual([1, '']);
    expect(taken.stderr).toBe('NAME: Username Petra is already taken.\n');
    const nobody = await runCommand(home, ['guild', 'add', 'X1', '--owner', 'nobody at all']);
    expect([nobody.code, nobody.stdout]).toEqual([1, '']);
    expect(nobody.stderr).toBe('--owner: There is no user nobody at all.\n');
    for (const id of ['1'.repeat(18), '999']) {
      const nowhere = await runCommand(home, ['bot', 'add', 'echo', '--guild', id]);
      expect([nowhere.code, nowhere.stderr]).toEqual([1, `--guild: There is no guild ${id}.\n`]);
    }
    const { guild } = await askCommand<{ guild: APIGuild }>(home, ['guild', 'add', 'Hers', '--owner', 'petra']);
    const foreign = await runCommand(home, ['bot', 'add', 'echo', '--guild', guild.id, '--owner', 'olga']);
    expect([foreign.code, foreign.stderr]).toEqual([1, '--owner: The guild Hers belongs to petra.\n']);
    await askCommand<BotMade>(home, ['bot', 'add', 'echo', '--guild', guild.id, '--owner', 'Petra']);
    const twin = await askCommand<{ guild: APIGuild }>(home, ['guild', 'add', 'Hers', '--owner', 'petra']);
    const either = await runCommand(home, ['bot', 'add', 'echo', '--guild', 'Hers', '--owner', 'petra']);
    expect(either).toMatchObject({ code: 1, stdout: '' });
    expect(either.stderr).toMatch(/^--guild: petra has several guilds of that name: \d+, \d+\. Give the id\.\n$/);
    for (const { id } of [guild, twin.guild]) expect(either.stderr).toContain(id);
    const badName = 'May have only letters from a to z, digits, "." and "_".\n';
    const user = await runCommand(home, ['user', 'add', 'bad name!']);
    expect([user.code, user.stderr]).toEqual([1, `NAME: ${badName}`]);
    const owner = await runCommand(home, ['bot', 'add', 'echo', '--guild', 'Theirs', '--owner', 'Bad Name']);
    expect([owner.code, owner.stderr]).toEqual([1, `--owner: ${badName}`]);
    const wrong = await runCommand(home, ['bot', 'add', 'echo']);
    expect([wrong.code, wrong.stderr.split('\n')[0]]).toEqual([2, '--guild is missing']);
  });

  test('a second server on the same directory is refused, and the first goes on', async () => {
    const second = await runCommand(home, ['serve', '--port', '0']);
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain(home);
    expect(second.stderr).toMatch(/in use/);
    expect(second.stderr.trim().split('\n').length).toBe(1);
    const made = await askCommand<Made>(home, ['user', 'add', 'quentin']);
    expect(await callRest<APIUser>(urlOf(server), made.token, 'GET', '/users/@me')).toMatchObject({
      username: 'quentin',
    });
  });
});

describe('user password', () => {
  const forgotten = 'a password that is forgotten';

  async function logIn(url: string, password: string): Promise<string | null> {
    try {
      return (await callRest<{ token: string }>(url, null, 'POST', '/auth/login', { login: 'rosa', password })).token;
    } catch (error) {
      if (error instanceof Refused && error.status === 400) return null;
      throw error;
    }
  }

  test('makes no store where there is none, as sweep and a guild of somebody do not', async () => {
    const home = join(dir, 'mistyped');
    for (const words of [['user', 'password', 'rosa'], ['sweep'], ['guild', 'add', 'Home', '--owner', 'rosa']]) {
      const sentence = `there is no store at ${home}; name the directory with --data-dir\n`;
      expect(await runCommand(home, words)).toEqual({ code: 1, stdout: '', stderr: sentence });
    }
    expect(existsSync(home)).toBe(false);
  });

  test('works beside a server and without one: the old password and every old login end', async () => {
    const home = join(dir, 'password');
    const made = await askCommand<Made>(home, ['user', 'add', 'rosa', '--password', forgotten]);
    const first = await askCommand<{ password: string }>(home, ['user', 'password', 'rosa']);
    await using server = await ServerProcess.start(home, ['--workers', '2']);
    const url = urlOf(server);
    expect(await statusOf(url, made.token)).toBe(401);
    expect(await logIn(url, forgotten)).toBeNull();
    const token = await logIn(url, first.password);
    await using gateway = await RawGateway.login(url, { token: token ?? '' });
    await askCommand(home, ['user', 'password', 'Rosa', '--password', 'another one']);
    expect(await gateway.closed).toMatchObject({ code: 4004 });
    expect(await statusOf(url, token ?? '')).toBe(401);
    expect(await logIn(url, first.password)).toBeNull();
    expect(await statusOf(url, (await logIn(url, 'another one')) ?? '')).toBe(200);
    const orBot =
      ' If it is a bot: a bot has no password, and bot add with the same names prints one more token of it.';
    const nobody = await runCommand(home, ['user', 'password', 'nobody']);
    expect([nobody.code, nobody.stdout, nobody.stderr]).toEqual([1, '', `NAME: There is no user nobody.${orBot}\n`]);
    const short = await runCommand(home, ['user', 'password', 'rosa', '--password', 'short']);
    expect([short.code, short.stderr]).toEqual([1, '--password: Must be 8 or more in length.\n']);
    await server.stop();
  });

  async function statusOf(url: string, token: string): Promise<number> {
    return (await fetch(`${url}/api/v10/users/@me`, { headers: { authorization: token } })).status;
  }
});

describe('serve', () => {
  test('prints its address; told to stop, it sends clients away to resume, and what was said is there after', async () => {
    const home = join(dir, 'serve');
    const server = await ServerProcess.start(home, ['--workers', '2']);
    const made = await askCommand<BotMade>(home, ['bot', 'add', 'echo', '--guild', 'Home']);
    const clients = [];
    for (let n = 0; n < 6; n += 1) {
      clients.push(await RawGateway.login(urlOf(server), { token: made.token, intents: BOT_INTENTS }));
    }
    const channels = await callRest<{ id: string; type: number }[]>(
      urlOf(server),
      `Bot ${made.token}`,
      'GET',
      `/guilds/${made.guild.id}/channels`,
    );
    const path = `/channels/${channels.find(({ type }) => type === 0)?.id}/messages`;
    const said = await callRest<{ id: string }>(urlOf(server), `Bot ${made.token}`, 'POST', path, { content: 'bye' });
    const stopping = server.stop();
    for (const client of clients) {
      const { code } = await client.closed;
      expect([client.frames.items.at(-1)?.op, code]).toEqual([7, 1001]);
    }
    await stopping;
    await using again = await ServerProcess.start(home, ['--workers', '1']);
    const stored = await callRest<{ id: string }[]>(urlOf(again), `Bot ${made.token}`, 'GET', path);
    expect(stored.map(({ id }) => id)).toEqual([said.id]);
    await again.stop();
  });

  test('a port that is taken is said so, also where both servers would share it among their workers', async () => {
    for (const workers of ['1', '2']) {
      const first = await ServerProcess.start(join(dir, 'taken'), ['--workers', workers]);
      const flags = ['--port', `${first.port}`, '--host', '127.0.0.1', '--workers', workers];
      const second = await runCommand(join(dir, 'other'), ['serve', ...flags]);
      expect([second.code, second.stdout]).toEqual([1, '']);
      expect(second.stderr).toMatch(new RegExp(`^Port ${first.port} .*something else listens there.*\\n$`));
      await first.stop();
    }
  });

  const nowhere: readonly [string[], RegExp][] = [
    [['--host', '192.0.2.1', '--port', '0'], /^Nothing can listen on 192\.0\.2\.1: .* Give another --host\.\n$/],
    [
      ['--host', 'nobody.invalid', '--port', '0'],
      /^Nothing can listen on nobody\.invalid: .* Give another --host\.\n$/,
    ],
  ];
  test.each(nowhere)('an address that this machine does not have is said so: %j', async (flags, sentence) => {
    const { code, stdout, stderr } = await runCommand(join(dir, 'nowhere'), ['serve', ...flags]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
  });

  test('a place for the data service that is taken is said so, by the server and by the service alone', async () => {
    await using first = await ServerProcess.start(join(dir, 'taken-by'), ['--workers', '1']);
    const place = ['--data-listen', `127.0.0.1:${first.port}`];
    const sentence = new RegExp(`^Port ${first.port} .*something else listens there.* another --data-listen\\.\n$`);
    const home = join(dir, 'not-served');
    for (const command of [['serve', '--host', '127.0.0.1', '--port', '0', '--workers', '1'], ['data']]) {
      const { code, stdout, stderr } = await runCommand(home, [...command, ...place]);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(sentence);
    }
    await first.stop();
  });

  test('told to stop while it starts, it stops in order', async () => {
    const home = join(dir, 'stopped-early');
    const [file = '', ...words] = FROM_SOURCE;
    const flags = ['serve', '--port', '0', '--host', '127.0.0.1', '--data-dir', home];
    const child = spawn(file, [...words, ...flags], { stdio: 'ignore' });
    const ended = once(child, 'close');
    await eventually('the start has begun', () => existsSync(join(home, 'lock.db')));
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(existsSync(join(home, 'guildhall.sock'))).toBe(false);
  });

  test('a copy of a store into itself, and a checkpoint without a directory, are said so', async () => {
    const home = join(dir, 'copied');
    await askCommand(home, ['user', 'add', 'tilda']);
    await symlink(home, `${home}-by-name`);
    await mkdir(`${home}-by-file`);
    await link(join(home, 'guildhall.db'), join(`${home}-by-file`, 'guildhall.db'));
    for (const to of [`${home}/.`, `${home}-by-name`, `${home}-by-file`]) {
      const same = await runCommand(home, ['copy', '--from', `sqlite:${home}`, '--to', `sqlite:${to}`]);
      expect([same.code, same.stdout]).toEqual([1, '']);
      expect(same.stderr).toEndWith('are the same store; copy into another one.\n');
    }
    expect(existsSync(join(`${home}-by-file`, 'lock.db'))).toBe(false);
    const sides = ['--from', `sqlite:${home}`, '--to', `sqlite:${home}-again`];
    const lost = await runCommand(home, ['copy', ...sides, '--checkpoint', join(dir, 'no-place', 'file')]);
    expect([lost.code, lost.stdout]).toEqual([1, '']);
    expect(lost.stderr).toMatch(/^The file of --checkpoint, .*no-place\/file, cannot be written: .*\n$/);
  });

  test('a data directory that cannot be is said so; one that is made is closed to others', async () => {
    const file = join(dir, 'a-file');
    await writeFile(file, '');
    const refused = await runCommand(file, ['serve', '--port', '0']);
    expect([refused.code, refused.stdout]).toEqual([1, '']);
    expect(refused.stderr).toMatch(/^The data directory .*a-file is no directory\.\n$/);
    const home = join(dir, 'closed', 'to-others');
    await askCommand(home, ['user', 'add', 'sally']);
    expect((await stat(home)).mode & 0o777).toBe(0o700);
  });
});
