/** The executable alone in an empty root: clients outside reach it over loopback, and it reaches for nothing. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import manifest from '../../package.json' with { type: 'json' };
import { clientSuite } from '../clients/client-suite.ts';
import { callRest } from '../support/call-rest.ts';
import { askCommand, runCommand } from '../support/command.ts';
import { EmptyRoot } from '../support/empty-root.ts';
import { LineClient } from '../support/line-client.ts';
import { listeners, strangers, traceTo } from '../support/network-trace.ts';
import { ServerProcess } from '../support/server-process.ts';
import { setupPython } from '../support/setup-python.ts';
import { skipped } from '../support/skipped.ts';
import { SnippetFolder, snippetsOf } from '../support/snippets.ts';
import { Town } from '../support/town.ts';

const ROOT = join(import.meta.dir, '..', '..');
const FLAGS = ['--workers', '2'];
const BUILD_MS = 120_000;

interface BotMade {
  readonly token: string;
  readonly bot: { readonly id: string };
  readonly guild: { readonly id: string };
}

const python = await setupPython();
const folder = mkdtempSync(join(tmpdir(), 'guildhall-binary-'));
const executable = join(folder, 'guildhall');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const noRoot = skipped('the binary in an empty root', EmptyRoot.impossible(), true);
const noTrace =
  noRoot || skipped("the binary's connections", Bun.which('strace') === null ? 'strace is missing' : null, true);

/** As it is seen from outside of its root. `name`: of its data directory below `/data`. */
function townOf(server: ServerProcess, root: EmptyRoot, name = ''): Town {
  const { port, ownPorts } = server;
  const dataDir = join(root.data, name);
  return Town.of({
    port,
    ownPorts,
    dataDir,
    adminSocket: join(dataDir, 'guildhall.sock'),
    stop: () => server.stop(),
    killWorker: () => server.killWorker(),
  });
}

beforeAll(async () => {
  const build = Bun.spawn([process.execPath, '.ci/build.ts', '--outfile', executable], { cwd: ROOT, stderr: 'pipe' });
  const complaints = await new Response(build.stderr).text();
  expect([await build.exited, complaints]).toEqual([0, '']);
}, BUILD_MS);

test('the binary knows its version, and takes nothing from the folder it is started in', async () => {
  await Bun.write(join(folder, '.env'), 'GUILDHALL_PORT=nonsense\n');
  const { stdout, stderr, exitCode } = Bun.spawnSync([executable, 'version', '--json'], { cwd: folder, env: {} });
  expect([exitCode, stderr.toString()]).toEqual([0, '']);
  expect(JSON.parse(stdout.toString())).toEqual({ version: manifest.version });
});

describe.skipIf(noRoot)('in an empty root', () => {
  let root: EmptyRoot;
  let programs: SnippetFolder;

  beforeAll(async () => {
    root = EmptyRoot.with(executable);
    programs = await SnippetFolder.write(snippetsOf('docs/clients.md'));
  });
  afterAll(async () => {
    await programs[Symbol.asyncDispose]();
    root[Symbol.dispose]();
  });

  test('a bot answers, and after kill -9 the message is there', async () => {
    const before = await askCommand<BotMade>('/data', ['bot', 'add', 'clerk', '--guild', 'Home'], root.program());
    let path = '';
    let said: APIMessage;
    {
      await using server = await ServerProcess.start('/data', FLAGS, root.program());
      const url = `http://127.0.0.1:${server.port}`;
      const env = { GUILDHALL_URL: url, GUILDHALL_TOKEN: before.token };
      await using client = LineClient.start('node', [join(programs.path, 'discordjs.mjs')], env);
      await client.until('line', ({ text }) => text === 'ready in 1 guild(s)');
      const town = townOf(server, root);
      // A second bot, by a command beside the running server, asks the first one.
      const asker = await askCommand<BotMade>('/data', ['bot', 'add', 'asker', '--guild', 'Home'], root.program());
      const channels = await town.rest<{ id: string; type: number }[]>(
        `Bot ${asker.token}`,
        'GET',
        `/guilds/${asker.guild.id}/channels`,
      );
      path = `/channels/${channels.find(({ type }) => type === 0)?.id}/messages`;
      await using witness = await town.run({ kind: 'bot', id: asker.bot.id, name: 'asker', token: asker.token });
      said = await town.rest<APIMessage>(`Bot ${asker.token}`, 'POST', path, { content: '!ping' });
      const answer = await witness.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'pong' });
      expect(answer.author.id).toBe(before.bot.id);
      await server.kill();
    }
    await using again = await ServerProcess.start('/data', FLAGS, root.program());
    const kept = await callRest<APIMessage[]>(`http://127.0.0.1:${again.port}`, `Bot ${before.token}`, 'GET', path);
    expect(kept.map(({ content }) => content)).toEqual(['pong', '!ping']);
    expect(kept.at(-1)?.id).toBe(said.id);
    await again.stop();
  }, 60_000);

  test('doctor finds it well, and a seed fills it', async () => {
    const look = await runCommand('/data', ['doctor', '--port', '0', '--host', '127.0.0.1'], root.program());
    expect([look.code, look.stderr]).toEqual([0, '']);
    const seed = {
      users: [{ name: 'nelly', id: '1000000000000000001' }],
      guilds: [{ name: 'Seeded', owner: 'nelly' }],
    };
    await Bun.write(join(root.path, 'seed.json'), JSON.stringify(seed));
    const flags = ['--store', 'memory', '--seed', '/seed.json'];
    await using server = await ServerProcess.start('/data', flags, root.program());
    const found = await runCommand('/data', ['guild', 'add', 'Another', '--owner', 'nelly'], root.program());
    expect([found.code, found.stderr]).toEqual([0, '']);
    await server.stop();
  }, 60_000);

  test('a second server on the same data is refused', async () => {
    await using server = await ServerProcess.start('/data', FLAGS, root.program());
    const second = await runCommand('/data', ['serve', '--port', '0'], root.program());
    expect([second.code, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain('/data is in use');
    await server.stop();
  }, 60_000);

  test.skipIf(noTrace)(
    'it listens on loopback, and connects to nobody',
    async () => {
      const file = join(folder, 'trace');
      const server = await ServerProcess.start('/data', FLAGS, root.program(traceTo(file)));
      await using town = townOf(server, root);
      const owner = await town.person('traced');
      const place = await town.guild(owner, 'Traced');
      const bot = await town.bot('traced', place.id);
      const env = { GUILDHALL_URL: town.url, GUILDHALL_TOKEN: bot.token };
      await using client = LineClient.start('node', [join(programs.path, 'discordjs.mjs')], env);
      await client.until('line', ({ text }) => text === 'ready in 1 guild(s)', { ms: 40_000 });
      await using witness = await town.visit(owner);
      await town.say(owner, place.channel, '!ping');
      await witness.dispatch('MESSAGE_CREATE', { content: 'pong' });
      await server.stop();
      const trace = readFileSync(file, 'utf8');
      // The look whether the address can be had, two workers, and the command line's socket.
      expect(listeners(trace)).toBe(4);
      expect(strangers(trace)).toEqual([]);
    },
    120_000,
  );

  const openFor = (name: string) => async () =>
    townOf(await ServerProcess.start(`/data/${name}`, FLAGS, root.program()), root, name);
  for (const library of ['discordjs', 'discordjs-core', 'discordeno', 'eris', 'oceanic']) {
    clientSuite({ name: `${library} outside`, program: 'node', script: `${library}.mjs`, open: openFor(library) });
  }
  if (python === null) test.skip('discord.py outside needs python3 with venv', () => undefined);
  else
    clientSuite({ name: 'discord.py outside', program: python, script: 'discord-py.py', open: openFor('discord-py') });
});

describe('the trace is read', () => {
  const address = (ip: string) => `{sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("${ip}")}`;
  const cases: readonly [string, boolean][] = [
    [`7 connect(9, ${address('93.184.216.34')}, 16) = 0`, true],
    [`7 connect(9, ${address('127.0.0.1')}, 16 <unfinished ...>`, true],
    [`7 sendto(9, "..", 2, 0, ${address('8.8.8.8')}, 16) = 2`, true],
    [`7 bind(9, ${address('0.0.0.0')}, 16) = 0`, true],
    [`7 bind(9, ${address('127.0.0.1')}, 16) = 0`, false],
    [`7 accept4(9, ${address('127.0.0.1')}, [16], SOCK_CLOEXEC) = 12`, false],
    ['7 bind(25, {sa_family=AF_UNIX, sun_path="/data/guildhall.sock"}, 110) = 0', false],
  ];
  test.each(cases)('%s', (line, found) => {
    expect(strangers(line)).toEqual(found ? [line] : []);
  });
});
