/** Log lines: their shape, their levels, what never stands in them, and that they come out of threads. */
import { describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openLog } from '../../../src/base/log.ts';

type Line = Readonly<Record<string, unknown>>;

function listen(level: 'debug' | 'info' | 'warn' | 'error' | 'silent' = 'debug') {
  const texts: string[] = [];
  const log = openLog((line) => texts.push(line), level);
  return { log, texts, lines: () => texts.map((text) => JSON.parse(text) as Line) };
}

const TOKEN = `${Buffer.from('1573888876026531845').toString('base64url')}.abcDEF.${'x-_9'.repeat(9)}`;

describe('a line', () => {
  test('is one JSON object with level, time, what and the fields', () => {
    const { log, texts, lines } = listen();
    log.warn('100% of\nit', { guild: 'g:1', big: 2n ** 70n });
    expect(texts[0]?.match(/\n/g)).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      level: 'warn',
      what: '100% of\nit',
      guild: 'g:1',
      big: '1180591620717411303424',
    });
    expect(lines()[0]?.time).toBeNumber();
  });

  test('says an error with its causes', () => {
    const { log, lines } = listen();
    log.error('failed', { error: new TypeError('outer', { cause: new Error('inner') }) });
    expect(lines()[0]?.error).toMatchObject({ name: 'TypeError', message: 'outer', cause: { message: 'inner' } });
    expect(lines()[0]?.error).toHaveProperty('stack');
  });

  test('is bounded, also of what goes round in a circle', () => {
    const { log, texts } = listen();
    const round: Record<string, unknown> = {
      list: Array.from({ length: 10_000 }, () => 'entry'),
      text: 'y'.repeat(10 ** 6),
    };
    round.self = round;
    log.info('much', { round });
    expect(texts[0]?.length).toBeLessThan(100_000);
  });
});

test.each([
  ['debug', 4],
  ['info', 3],
  ['warn', 2],
  ['error', 1],
  ['silent', 0],
] as const)('level %s lets %i of the four through', (level, count) => {
  const { log, lines } = listen(level);
  for (const say of [log.debug, log.info, log.warn, log.error]) say('a line');
  expect(lines()).toHaveLength(count);
});

test('the level can be set later', () => {
  const { log, lines } = listen('silent');
  log.error('unheard');
  log.level = 'info';
  log.info('heard');
  expect(lines().map(({ what }) => what)).toEqual(['heard']);
});

describe('secrets are never written', () => {
  const secret = 'correct horse battery';
  const fields: readonly [string, Line][] = [
    ['a token', { token: secret }],
    ['a password in an object', { body: { user: 'a', password: secret } }],
    ['headers', { request: { headers: { Authorization: secret, cookie: secret } } }],
    ['in a list', { list: [{ clientSecret: secret }] }],
    ['of any type', { tokens: [secret] }],
    ['of an error', { error: Object.assign(new Error('x'), { access_token: secret }) }],
    ['of its cause', { error: new Error('x', { cause: Object.assign(new Error('y'), { newPassword: secret }) }) }],
    ['a token within a text', { url: `/x?t=${TOKEN}&y` }],
    ['a token within a message of an error', { error: new Error(`no such token ${TOKEN}`) }],
  ];
  test.each(fields)('%s', (_name, given) => {
    const { log, texts } = listen();
    log.info(`a line of ${TOKEN}`, given);
    expect(texts[0]).toContain('[secret]');
    expect(texts[0]).not.toContain(secret);
    expect(texts[0]).not.toContain(TOKEN);
    expect(texts[0]).not.toContain('x-_9x-_9');
  });
});

test('a thread writes its own lines', async () => {
  const file = join(import.meta.dir, '../../../src/base/log.ts');
  const code = `import { log, setLogLevel } from ${JSON.stringify(file)};
    import { Worker, isMainThread } from 'node:worker_threads';
    log.info(isMainThread ? 'from main' : 'from a worker');
    setLogLevel('warn');
    log.info('unheard');
    if (isMainThread) new Worker(process.argv[1]);`;
  const path = join(await mkdtemp(join(tmpdir(), 'guildhall-log-')), 'thread.ts');
  await Bun.write(path, code);
  const child = Bun.spawn([process.execPath, path], { stderr: 'pipe', stdout: 'ignore' });
  const text = await new Response(child.stderr).text();
  await rm(dirname(path), { recursive: true });
  const lines = text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  expect(lines.map(({ what }) => what)).toEqual(['from main', 'from a worker']);
});
