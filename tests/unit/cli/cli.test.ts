import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../../package.json' with { type: 'json' };
import type { Handle, Powers } from '../../../src/cli/command.ts';
import type { Config } from '../../../src/config.ts';
import { lockDirectory } from '../../../src/store/sqlite/open.ts';
import { runLine as run } from '../../support/run-line.ts';

interface Asked {
  readonly path: string;
  readonly body: unknown;
}

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** With a store of which nobody reads anything. */
function dataDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'guildhall-cli-'));
  cleanups.push(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'guildhall.db'), '');
  return dir;
}

const ANSWERS: Readonly<Record<string, unknown>> = {
  '/admin/users': { user: { id: '1', username: 'nelly' }, token: 'T1' },
  '/admin/passwords': { user: { id: '1', username: 'nelly' }, password: 'P1' },
  '/admin/guilds': { guild: { id: '2', name: 'Home' } },
  '/admin/bots': {
    bot: { id: '3', username: 'echo' },
    token: 'T3',
    guild: { id: '2', name: 'Home' },
    guildMade: true,
    owner: { id: '4', username: 'home-owner' },
    ownerPassword: 'P4',
  },
};

/** A core in this process that answers from the table. */
function core(asked: Asked[], status = 200, answers = ANSWERS): Pick<Powers, 'withCore'> {
  const handle: Handle = async (request) => {
    const { pathname } = new URL(request.url);
    asked.push({ path: pathname, body: await request.json() });
    return Response.json(answers[pathname] ?? { message: 'unknown route' }, { status });
  };
  return { withCore: (_config, use) => use(handle) };
}

/** Opens the core as a command does when nobody else has the directory. */
function lockingCore(dir: string, asked: Asked[]): Pick<Powers, 'withCore'> {
  const withCore: Powers['withCore'] = async (config, use) => {
    lockDirectory(dir).close();
    return core(asked).withCore(config, use);
  };
  return { withCore };
}

/** A server on the socket of a data directory; `isDeaf`: it hears what is asked, and answers nothing. */
async function listen(dir: string, asked: Asked[], isDeaf = false): Promise<void> {
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk) => (text += chunk));
    request.on('end', () => {
      asked.push({ path: request.url ?? '', body: JSON.parse(text) });
      if (isDeaf) {
        request.socket.destroy();
        return;
      }
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(ANSWERS[request.url ?? '']));
    });
  });
  await new Promise<void>((resolve) => server.listen(join(dir, 'guildhall.sock'), resolve));
  cleanups.push(() => server.close());
}

const MADE_UP: string = expect.stringMatching(/^[\w-]{16}$/);

const calls: readonly [string[], Asked, string][] = [
  [['user', 'add', 'nelly'], { path: '/admin/users', body: { name: 'nelly', password: MADE_UP } }, 'T1'],
  [
    ['user', 'add', 'nelly', '--password', 'p'],
    { path: '/admin/users', body: { name: 'nelly', password: 'p' } },
    'nelly (1)',
  ],
  [['user', 'password', 'nelly'], { path: '/admin/passwords', body: { name: 'nelly', password: MADE_UP } }, 'P1'],
  [
    ['guild', 'add', 'Home', '--owner', 'nelly'],
    { path: '/admin/guilds', body: { name: 'Home', owner: 'nelly' } },
    'Home (2)',
  ],
  [
    ['bot', 'add', 'echo', '--guild', 'Home'],
    { path: '/admin/bots', body: { name: 'echo', guild: 'Home', owner: null, ownerPassword: MADE_UP } },
    'T3',
  ],
];

const idle: readonly [string[], string][] = [
  [['--data-address', 'a:1'], '--data-address needs --store data'],
  [['--keyspace', 'a', '--store', 'memory'], '--keyspace needs --store cql'],
  [['--data-tls-cert', 'a', '--data-tls-key', 'b'], '--data-tls-cert needs --data-listen'],
  [['--store', 'cql', '--cql-password-file', 'a'], '--cql-password-file needs --cql-username'],
];
test.each(idle)('serve %j does not start: it would have no effect', async (flags, sentence) => {
  const { code, err } = await run(['serve', '--data-dir', dataDir(), ...flags]);
  expect([code, err.split('\n')[0]]).toEqual([2, sentence]);
});

describe('a command', () => {
  test.each(calls)('%j asks the running server over its socket', async (argv, wanted, shown) => {
    const [dir, asked] = [dataDir(), [] as Asked[]];
    await listen(dir, asked);
    const { code, out, err } = await run([...argv, '--data-dir', dir]);
    expect([code, err, asked]).toEqual([0, '', [wanted]]);
    expect(out).toContain(shown);
  });

  test.each(calls)('%j starts the core when no server runs', async (argv, wanted, shown) => {
    const asked: Asked[] = [];
    const { code, out } = await run([...argv, '--data-dir', dataDir()], core(asked));
    expect([code, asked]).toEqual([0, [wanted]]);
    expect(out).toContain(shown);
  });

  test('says that --store memory is nothing to a running server', async () => {
    const [dir, asked] = [dataDir(), [] as Asked[]];
    await listen(dir, asked);
    const { code, err } = await run(['user', 'add', 'nelly', '--store', 'memory', '--data-dir', dir]);
    expect([code, asked.length, err]).toEqual([0, 1, expect.stringContaining('--store memory is not looked at')]);
  });

  test('takes a socket that a dead server left for no server', async () => {
    const [dir, asked] = [dataDir(), [] as Asked[]];
    writeFileSync(join(dir, 'guildhall.sock'), '');
    expect((await run(['user', 'add', 'nelly', '--data-dir', dir], core(asked))).code).toBe(0);
    expect(asked).toHaveLength(1);
  });

  test('that breaks off is not asked again elsewhere', async () => {
    const [dir, asked] = [dataDir(), [] as Asked[]];
    const server = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => server.listen(join(dir, 'guildhall.sock'), resolve));
    cleanups.push(() => server.close());
    const { code, err } = await run(['user', 'add', 'nelly', '--data-dir', dir], core(asked));
    expect([code, asked]).toEqual([1, []]);
    expect(err).toContain('does not answer');
  });

  const late: readonly [string[], string][] = [
    [['user', 'add', 'nelly'], 'the name is taken then, and the password is MADE_UP.'],
    [['user', 'add', 'nelly', '--password', 'of many'], 'the password is the one that was given.'],
    [['user', 'password', 'nelly'], 'the old password is good, or MADE_UP. Ask again'],
    [['guild', 'add', 'Home', '--owner', 'nelly'], 'log in as nelly and look'],
    [['bot', 'add', 'echo', '--guild', 'Home'], 'the password MADE_UP.'],
  ];
  test.each(late)(
    '%j that is not answered says what may have been done, with what nobody else knows',
    async (argv, said) => {
      const always = (answer: unknown) => Object.fromEntries(Object.keys(ANSWERS).map((path) => [path, answer]));
      const ways: readonly ((asked: Asked[], dir: string) => Partial<Powers> | Promise<void>)[] = [
        (asked, dir) => listen(dir, asked, true),
        (asked) => core(asked, 503, always({ message: 'It takes too long.', code: 0 })),
        (asked) => core(asked, 429, always({ message: 'You are being rate limited.', retry_after: 1, global: false })),
        (asked) => core(asked, 200, always('what?')),
      ];
      for (const way of ways) {
        const [dir, asked] = [dataDir(), [] as Asked[]];
        const powers = (await way(asked, dir)) ?? {};
        const { code, out, err } = await run([...argv, '--data-dir', dir], powers);
        const { password, ownerPassword } = (asked[0]?.body ?? {}) as Record<string, string | undefined>;
        expect([code, out, asked.length]).toEqual([1, '', 1]);
        expect(err).toContain(said.replace('MADE_UP', ownerPassword ?? password ?? '-'));
        expect(err).not.toContain('of many');
      }
    },
  );

  test.each(late)('%j that a full store refused does not say that it may have been done', async (argv) => {
    const full = { message: 'The store of this server is full', code: 0 };
    const powers = core([], 507, Object.fromEntries(Object.keys(ANSWERS).map((path) => [path, full])));
    const { code, err } = await run([...argv, '--data-dir', dataDir()], powers);
    expect([code, err]).toEqual([1, 'The store of this server is full\n']);
  });

  test('prints one line of JSON on demand', async () => {
    const { out } = await run(['bot', 'add', 'echo', '--guild', 'Home', '--json', '--data-dir', dataDir()], core([]));
    expect(out.split('\n')).toHaveLength(2);
    expect(JSON.parse(out)).toEqual(ANSWERS['/admin/bots'] as object);
  });

  const words = [
    ['user', 'add', 'n'],
    ['user', 'password', 'n'],
    ['guild', 'add', 'H', '--owner', 'n'],
  ];
  test.each([...words, ['bot', 'add', 'e', '--guild', 'H']])(
    '%s %s is told where a data service is',
    async (...argv) => {
      let given: Config | null = null;
      const withCore: Powers['withCore'] = (config, use) => {
        given = config;
        return core([]).withCore(config, use);
      };
      const place = ['--store', 'data', '--data-address', '127.0.0.1:7', '--data-token-file', '/token'];
      expect((await run([...argv, ...place, '--data-dir', dataDir()], { withCore })).code).toBe(0);
      const wanted = { store: 'data', dataAddress: '127.0.0.1:7', dataTokenFile: '/token' };
      expect(given as Config | null).toMatchObject(wanted as Partial<Config>);
    },
  );

  test('says where accounts of a data service are made', async () => {
    const dir = dataDir();
    const lock = lockDirectory(dir);
    const { code, err } = await run(['user', 'add', 'nelly', '--data-dir', dir], lockingCore(dir, []));
    lock.close();
    expect([code, err]).toEqual([1, expect.stringContaining('name the --data-dir of the server that uses it')]);
  });

  test('waits for another one that holds the directory', async () => {
    const [dir, asked] = [dataDir(), [] as Asked[]];
    const lock = lockDirectory(dir);
    const pauses: number[] = [];
    const pause = async (ms: number) => void (pauses.push(ms) === 3 && lock.close());
    const { code, err } = await run(['user', 'add', 'nelly', '--data-dir', dir], { ...lockingCore(dir, asked), pause });
    expect([code, err, asked.length, pauses.length]).toEqual([0, '', 1, 3]);
  });

  test('shows the owner and his password when the guild was made', async () => {
    const { out } = await run(['bot', 'add', 'echo', '--guild', 'Home', '--data-dir', dataDir()], core([]));
    expect(out).toContain('home-owner (4), made: there was nobody of that name, password P4');
  });

  test('takes a password from standard input, and not an empty one', async () => {
    const asked: Asked[] = [];
    const argv = ['user', 'add', 'nelly', '--password', '-', '--data-dir', dataDir()];
    const { code } = await run(argv, { ...core(asked), readInput: async () => 'of many words\nand a rest' });
    expect([code, asked]).toEqual([0, [{ path: '/admin/users', body: { name: 'nelly', password: 'of many words' } }]]);
    const given = {
      ...core([], 200, { '/admin/users': { ...(ANSWERS['/admin/users'] as object), password: 'of many' } }),
    };
    const printed = async (...more: string[]) =>
      (await run([...argv, ...more], { ...given, readInput: async () => 'of many' })).out;
    expect(await printed()).not.toContain('of many');
    expect(JSON.parse(await printed('--json'))).toEqual(ANSWERS['/admin/users'] as object);
    const none = await run(argv, { ...core(asked), readInput: async () => '\n' });
    expect([none.code, asked.length]).toEqual([2, 1]);
  });

  test('that is refused says why and ends with 1', async () => {
    const tree = {
      code: 50035,
      message: 'Invalid Form Body',
      errors: { name: { _errors: [{ code: 'X', message: 'Must be shorter.' }] } },
    };
    const refusing = (body: unknown) => core([], 400, { '/admin/users': body });
    const argv = ['user', 'add', 'nelly', '--data-dir', dataDir()];
    expect(await run(argv, refusing(tree))).toEqual({ code: 1, out: '', err: 'NAME: Must be shorter.\n' });
    expect(await run(argv, refusing({ code: 0, message: 'no' }))).toEqual({ code: 1, out: '', err: 'no\n' });
  });

  test('ends with 1 when the answer makes no sense, or the store is not to be had', async () => {
    const argv = ['user', 'add', 'nelly', '--data-dir', dataDir()];
    expect(await run(argv, core([], 200, { '/admin/users': { user: 1 } }))).toMatchObject({ code: 1, out: '' });
    expect((await run(argv)).err).toContain('no core here');
  });

  const wrong: readonly [string[], string][] = [
    [['frobnicate'], 'no such command: frobnicate'],
    [['frobnicate', '--help'], 'no such command: frobnicate\n'],
    [['--data-dir', 'x', 'user', 'add', 'y'], 'no command before --data-dir: options come after it\n'],
    [['user', 'remove', 'x'], 'no such command: user remove x\n'],
    [['user', 'add'], 'it takes one name'],
    [['user', 'add', 'a', 'b'], 'it takes one name'],
    [['version', 'a'], 'it takes no name'],
    [['bot', 'add', 'echo'], '--guild is missing'],
    [['guild', 'add', 'Home'], '--owner is missing'],
    [['user', 'add', 'a', '--colour', 'red'], '--colour'],
    [['serve', '--port', '-1'], '--port has no value; one that begins with a dash is given as --port=-VALUE\nUsage'],
    [['serve', '--port=-1'], '--port is "-1"; it must be a whole number'],
    [['serve', '--port', 'http'], '--port is "http"'],
  ];
  test.each(wrong)('%j is called wrongly: 2', async (argv, sentence) => {
    const { code, out, err } = await run(argv);
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(sentence);
  });
});

describe('help and version', () => {
  test('list every command and option', async () => {
    const { code, out } = await run(['--help']);
    expect(code).toBe(0);
    const wanted = [
      'serve',
      'user add NAME',
      'user password NAME',
      'doctor',
      'health',
      'guild add NAME --owner USER',
      'bot add NAME --guild GUILD',
      'version',
    ];
    for (const text of [...wanted, '--data-dir', 'GUILDHALL_PUBLIC_URL']) expect(out).toContain(text);
  });

  test('explain one command, with the options that it has', async () => {
    const botAdd = (await run(['bot', 'add', '--help'])).out;
    expect(botAdd).toContain('Usage: guildhall bot add NAME --guild GUILD');
    expect(botAdd).not.toContain('--port');
    const data = (await run(['data', '--help'])).out;
    for (const text of ['--contact-points', '--cql-password-file', 'sqlite or cql', '(default: 127.0.0.1:7077)'])
      expect(data).toContain(text);
    expect(data).not.toContain('memory');
    const migrate = (await run(['migrate', '--help'])).out;
    expect(migrate).not.toContain('sqlite');
    const serve = (await run(['serve', '--help'])).out;
    for (const text of ['--port  GUILDHALL_PORT', '(default: 8080)', '--json']) expect(serve).toContain(text);
  });

  test('explain what begins with a word, asked for or not', async () => {
    const asked = await run(['user', '--help']);
    expect([asked.code, asked.err]).toEqual([0, '']);
    expect(asked.out).toContain('guildhall user add NAME');
    expect(asked.out).not.toContain('guildhall bot');
    const cut = await run(['bot']);
    expect([cut.code, cut.out]).toEqual([2, '']);
    expect(cut.err).toStartWith('no such command: bot\nCommands:\n  guildhall bot add NAME');
  });

  test('name an option that is unknown, and no more', async () => {
    expect((await run(['serve', '--prot', '1'])).err).toStartWith(
      "Unknown option '--prot'; is --port meant?\nUsage: guildhall serve\n",
    );
  });

  test('do not mind a variable of other commands', async () => {
    process.env.GUILDHALL_PORT = 'abc';
    cleanups.push(() => delete process.env.GUILDHALL_PORT);
    expect((await run(['version'])).code).toBe(0);
    const asked: Asked[] = [];
    expect((await run(['user', 'add', 'nelly', '--data-dir', dataDir()], core(asked))).code).toBe(0);
    expect((await run(['serve'])).err).toStartWith('GUILDHALL_PORT is "abc"');
  });

  test('say the version', async () => {
    expect((await run(['version'])).out).toBe(`guildhall ${manifest.version}\n`);
    expect((await run(['-v'])).out).toBe(`guildhall ${manifest.version}\n`);
    expect(JSON.parse((await run(['--version', '--json'])).out)).toEqual({ version: manifest.version });
  });
});

describe('serve', () => {
  test('hands the config over and says where it listens', async () => {
    let given: Config | null = null;
    const powers: Partial<Powers> = {
      serve: async (config, started) => {
        given = config;
        await started(async () => ({ port: 1234, dataAddress: null }));
      },
    };
    const dir = dataDir();
    const { code, out } = await run(['serve', '--workers', '3', '--data-dir', dir], powers);
    expect(code).toBe(0);
    expect(given as Config | null).toMatchObject({ workers: 3, dataDir: dir });
    expect(out).toContain('http://localhost:1234');
    const behind = await run(['serve', '--public-url', 'https://chat.example', '--data-dir', dir], powers);
    expect(behind.out).toContain(`https://chat.example (port 1234, data in ${dir})`);
    const cql = ['--store', 'cql', '--contact-points', '10.0.0.1,10.0.0.2:9043', '--keyspace', 'chat'];
    const elsewhere = async (...flags: readonly string[]) =>
      (await run(['serve', '--data-dir', dir, ...flags], powers)).out.split(' (')[1];
    const uploads = `uploads in ${join(dir, 'files')})\n`;
    expect(await elsewhere(...cql)).toBe(`data in the keyspace chat at 10.0.0.1,10.0.0.2:9043, ${uploads}`);
    const data = await elsewhere('--store', 'data', '--data-address', 'store.example:7077');
    expect(data).toBe(`data in the data service at store.example:7077, ${uploads}`);
  });

  test('says where it serves its store', async () => {
    const powers: Partial<Powers> = {
      serve: (_config, started) => started(async () => ({ port: 1234, dataAddress: '127.0.0.1:7077' })),
    };
    const argv = ['serve', '--data-dir', dataDir()];
    expect((await run(argv, powers)).out).toStartWith('The data service listens on 127.0.0.1:7077\n');
    expect(JSON.parse((await run([...argv, '--json'], powers)).out)).toMatchObject({ dataAddress: '127.0.0.1:7077' });
  });

  test('that cannot start says why and ends with 1', async () => {
    const serve = () => Promise.reject(new Error('the port is taken'));
    expect(await run(['serve'], { serve })).toEqual({ code: 1, out: '', err: 'the port is taken\n' });
  });
});
