/** `serve --store memory --seed FILE`: the file of docs/seed.md, and files that are wrong. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIChannel, APIGuild, APIGuildMember, APIMessage, APIRole, APIUser } from 'discord-api-types/v10';
import { readConfig } from '../../src/config.ts';
import { startServer } from '../../src/supervise.ts';
import { callRest } from '../support/call-rest.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/eventually.ts';
import { LineClient } from '../support/line-client.ts';
import { RawGateway } from '../support/raw-gateway.ts';
import { ServerProcess } from '../support/server-process.ts';
import { SnippetFolder, snippetsOf } from '../support/snippets.ts';

interface Seed {
  readonly users: { readonly name: string; readonly token: string }[];
  readonly bots: { readonly name: string; readonly token: string }[];
  readonly guilds: { readonly id: string }[];
}

const page = snippetsOf('docs/seed.md');
const seed = JSON.parse(page.get('seed.json') ?? '{}') as Seed;
const tokenOf = (name: string): string => [...seed.users, ...seed.bots].find((one) => one.name === name)?.token ?? '';
const GUILD = seed.guilds[0]?.id ?? '';

describe('the example of the page', () => {
  let folder: SnippetFolder;
  let server: ServerProcess;
  let url: string;

  beforeAll(async () => {
    folder = await SnippetFolder.write(new Map([...page, ...snippetsOf('docs/clients.md')]));
    const flags = ['--store', 'memory', '--seed', join(folder.path, 'seed.json')];
    server = await ServerProcess.start(join(folder.path, 'data'), flags);
    url = `http://127.0.0.1:${server.port}`;
  });
  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test('has the guild with its roles, channels, members and messages', async () => {
    const ask = <T>(path: string, name = 'nelly') => callRest<T>(url, tokenOf(name), 'GET', path);
    expect(await ask<APIGuild>(`/guilds/${GUILD}`)).toMatchObject({ name: 'Home', owner_id: '1000000000000000001' });
    const roles = (await ask<APIRole[]>(`/guilds/${GUILD}/roles`)).toSorted((a, b) => b.position - a.position);
    expect(roles.map(({ name }) => name)).toEqual(['Bots', 'Friends', '@everyone']);
    expect(roles[0]).toMatchObject({ permissions: '8', color: 3447003 });
    const channels = await ask<(APIChannel & { readonly position: number })[]>(`/guilds/${GUILD}/channels`);
    const [talk, lobby, staff] = ['Talk', 'lobby', 'staff'].map((wanted) =>
      channels.find(({ name }) => name === wanted),
    );
    const places = channels.map(({ name, position }) => [name, position] as const).sort();
    // As in the list, each kind from 0: nothing is left of the channels that a new guild begins with.
    expect(places).toEqual([
      ['Phone', 0],
      ['Talk', 0],
      ['lobby', 0],
      ['staff', 1],
    ]);
    expect(lobby).toMatchObject({ parent_id: talk?.id ?? '', topic: 'Come in' });
    const member = await ask<APIGuildMember>(`/guilds/${GUILD}/members/1000000000000000002`);
    expect(member).toMatchObject({
      nick: 'Otto the Great',
      roles: [roles[1]?.id ?? ''],
      user: { global_name: 'Otto' },
    });
    const messages = await ask<APIMessage[]>(`/channels/${lobby?.id}/messages`);
    // A pin says so in a message of its own.
    expect(messages.map(({ type }) => type)).toEqual([0, 6, 0]);
    const written = messages.filter(({ type }) => type === 0);
    expect(written.map(({ content, author, pinned }) => [author.username, content, pinned])).toEqual([
      ['otto', 'Hello', false],
      ['nelly', 'Welcome', true],
    ]);
    const seen = await ask<APIChannel[]>(`/guilds/${GUILD}/channels`, 'otto');
    expect(seen.map(({ id }) => id).includes(staff?.id ?? '')).toBe(false);
  });

  test('has the password of who has one', async () => {
    const login = { login: 'nelly', password: 'correct horse' };
    const { token } = await callRest<{ token: string }>(url, null, 'POST', '/auth/login', login);
    expect(await callRest<APIUser>(url, token, 'GET', '/users/@me')).toMatchObject({ id: '1000000000000000001' });
  });

  test('serves discord.js with the token of the file', async () => {
    const env = { GUILDHALL_URL: url, GUILDHALL_TOKEN: tokenOf('pingbot') };
    await using client = LineClient.start('node', [join(folder.path, 'discordjs.mjs')], env);
    await client.until('line', ({ text }) => text === 'ready in 1 guild(s)');
    await using otto = await RawGateway.login(url, { token: tokenOf('otto') });
    const channels = await callRest<APIChannel[]>(url, tokenOf('otto'), 'GET', `/guilds/${GUILD}/channels`);
    const lobby = channels.find(({ name }) => name === 'lobby')?.id;
    await callRest(url, tokenOf('otto'), 'POST', `/channels/${lobby}/messages`, { content: '!ping' });
    const answer = await otto.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'pong' });
    expect(answer.author).toMatchObject({ id: '1000000000000000003', bot: true });
  });
});

describe('before the file is in', () => {
  /** Nobody listens there now. */
  async function freePort(): Promise<number> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as AddressInfo;
    probe.close();
    await once(probe, 'close');
    return port;
  }

  test('nobody is answered: the first answer knows the token, for a bot that is turned away does not ask again', async () => {
    const port = await freePort();
    await using folder = await SnippetFolder.write(page);
    const flags = ['--port', String(port), '--store', 'memory', '--seed', join(folder.path, 'seed.json')];
    const starts = ServerProcess.start(join(folder.path, 'data'), flags);
    const authorization = `Bot ${tokenOf('pingbot')}`;
    const ask = () => fetch(`http://127.0.0.1:${port}/api/v10/users/@me/guilds`, { headers: { authorization } });
    const first = await eventually('an answer', () => ask().catch(() => null), 60_000);
    await using _server = await starts;
    expect(first.status).toBe(200);
    expect(await first.json()).toMatchObject([{ id: GUILD }]);
  }, 120_000);

  test('a worker that dies meanwhile leaves the port shut, and its successor opens it', async () => {
    const [port, dataDir] = [await freePort(), mkdtempSync(join(tmpdir(), 'guildhall-held-'))];
    const config = readConfig({ port: String(port), host: '127.0.0.1', 'data-dir': dataDir, store: 'memory' }, {});
    const server = await startServer(config, { ownListeners: false, publicListener: 'held' });
    try {
      const ask = () => fetch(`http://127.0.0.1:${port}/api/v10/gateway`).then(({ status }) => status);
      await server.killWorker(0);
      await expect(ask()).rejects.toThrow();
      await server.open();
      expect(await ask()).toBe(200);
    } finally {
      await server.stop();
      rmSync(dataDir, { recursive: true });
    }
  });
});

describe('a file that is wrong', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'guildhall-seed-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const home = { name: 'Home', owner: 'nelly' };
  const nelly = { name: 'nelly' };
  const cases: readonly [string, string | object, string][] = [
    ['no JSON', '{', 'is no JSON'],
    ['an unknown field', { people: [] }, 'the file: Unrecognized key: "people"'],
    ['a wrong type', { users: [{ name: 7 }] }, 'users[0].name: Invalid input: expected string'],
    ['a short name', { users: [{ name: 'x' }] }, 'users[0].name: Too small'],
    ['a token of another form', { users: [{ name: 'nelly', token: 'abc' }] }, 'users[0].token: must be'],
    [
      'each of two names that nobody has',
      { users: [nelly], guilds: [home, { ...home, name: 'Away', owner: 'otto', members: [{ user: 'anna' }] }] },
      'guilds[1].members[0].user: names "anna"',
    ],
    ['a name twice', { users: [nelly, { name: 'Nelly' }] }, 'users[1].name: is there twice: Nelly'],
    [
      'a name that nobody has',
      { users: [nelly], guilds: [{ ...home, owner: 'otto' }] },
      'guilds[0].owner: names "otto"',
    ],
    [
      'an author who may not write',
      {
        users: [nelly, { name: 'otto' }],
        guilds: [
          {
            ...home,
            channels: [{ name: 'rules', overwrites: [{ for: '@everyone', deny: '2048' }] }],
            members: [{ user: 'otto' }],
            messages: [
              { channel: 'rules', author: 'nelly', content: 'Be kind' },
              { channel: 'rules', author: 'otto', content: 'No' },
            ],
          },
        ],
      },
      'seed.json: guilds[0].messages[1]: otto in rules: You lack permissions',
    ],
  ];
  test.each(cases)('%s is named, and nothing runs', async (_name, content, sentence) => {
    const file = join(dir, 'seed.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    const flags = ['serve', '--port', '0', '--host', '127.0.0.1', '--store', 'memory', '--seed', file];
    const { code, stdout, stderr } = await runCommand(join(dir, 'data'), flags);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(file);
    expect(stderr).toContain(sentence);
  });

  test('a store that keeps things takes no seed', async () => {
    const { code, stderr } = await runCommand(join(dir, 'data'), ['serve', '--seed', 'x.json']);
    expect([code, stderr.split('\n')[0]]).toEqual([2, '--seed needs --store memory']);
  });
});
