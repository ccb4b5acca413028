import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { ConfigError, flagOf, OPTION_NAMES, readConfig, strangersIn, variableOf } from '../../src/config.ts';
import { checkLimits, LIMITS } from '../../src/limits.ts';

describe('config', () => {
  test('has defaults for everything', () => {
    const config = readConfig({}, {});
    expect(config).toMatchObject({ port: 8080, publicUrl: null, store: 'sqlite', registration: 'open' });
    expect(config.workers).toBeGreaterThan(0);
    expect(isAbsolute(config.dataDir)).toBe(true);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('names an option alike as a flag and as a variable', () => {
    expect(OPTION_NAMES.map((name) => [flagOf(name), variableOf(name)])).toContainEqual([
      'data-dir',
      'GUILDHALL_DATA_DIR',
    ]);
  });

  test('takes a flag before the environment', () => {
    expect(readConfig({ port: '1' }, { GUILDHALL_PORT: '2' }).port).toBe(1);
    expect(readConfig({}, { GUILDHALL_PORT: '2' }).port).toBe(2);
    expect(readConfig({}, { GUILDHALL_PORT: '' }).port).toBe(8080);
    expect(readConfig({ 'public-url': 'https://chat.example/' }, {}).publicUrl).toBe('https://chat.example');
  });

  test('has one worker for a store in memory', () => {
    expect(readConfig({ store: 'memory' }, { GUILDHALL_WORKERS: '4' }).workers).toBe(1);
  });

  test('does not mind what is wrong and not used', () => {
    const used = (name: string): boolean => name === 'dataDir';
    expect(readConfig({}, { GUILDHALL_PORT: 'a' }, used).port).toBe(8080);
    expect(() => readConfig({}, { GUILDHALL_PORT: 'a' }, (name) => name === 'port')).toThrow(ConfigError);
  });

  test('minds variables that are near to those it uses, and no others', () => {
    const used = (name: string): boolean => name === 'dataDir';
    const ours = { GUILDHALL_PROT: '1', GUILDHALL_URL: 'http://a', GUILDHALL_TOKEN: 'a', GUILDHALL_TEST_STORE: 'cql' };
    const others = { GUILDHALL_SERVICE_PORT: '1', GUILDHALL_PORT_8080_TCP: 'tcp://10.0.0.1:8080', GUILDHALL_HOTS: '' };
    expect(readConfig({}, { ...ours, ...others }, used).port).toBe(8080);
    expect(strangersIn({ ...ours, ...others, GUILDHALL_GREETING: 'hi', PORT: '1', GUILDHALL_PORT: '1' })).toEqual([
      { name: 'GUILDHALL_PROT', meant: 'GUILDHALL_PORT' },
      { name: 'GUILDHALL_GREETING', meant: null },
    ]);
    expect(() => readConfig({}, { GUILDHALL_DATADIR: '/a' }, used)).toThrow('is GUILDHALL_DATA_DIR meant?');
  });

  test('takes limits of requests as a word or as a number', () => {
    const limits = ['on', 'off', '7'].map((text) => readConfig({ 'rate-limits': text }, {}).rateLimits);
    expect(limits).toEqual(['on', 'off', 7]);
  });

  const wrong: readonly [Record<string, string>, Record<string, string>, string][] = [
    [{ port: '70000' }, {}, '--port is "70000"; it must be a whole number from 0 to 65535'],
    [{}, { GUILDHALL_PORT: 'http' }, 'GUILDHALL_PORT is "http"; it must be a whole number from 0 to 65535'],
    [{ workers: '0' }, {}, '--workers is "0"; it must be a whole number from 1 to 256'],
    [{ 'public-url': 'chat' }, {}, '--public-url is "chat"; it must be an http:// or https:// address without query'],
    [{}, { GUILDHALL_STORE: 'x' }, 'GUILDHALL_STORE is "x"; it must be one of: sqlite, memory, data, cql'],
    [{ keyspace: 'a;b' }, {}, '--keyspace is "a;b"; it must be up to 48 small letters, digits and _, a letter first'],
    [{ 'rate-limits': '0' }, {}, '--rate-limits is "0"; it must be on, off or a whole number from 1 to 999999'],
    [{ 'data-listen': '7077' }, {}, '--data-listen is "7077"; it must be ADDRESS:PORT'],
    [{ 'data-address': 'host:70000' }, {}, '--data-address is "host:70000"; it must be ADDRESS:PORT'],
    [{}, { GUILDHALL_PROT: '1' }, 'GUILDHALL_PROT is no option; is GUILDHALL_PORT meant?'],
    [{}, { GUILDHALL_CONFIGS: 'a' }, 'GUILDHALL_CONFIGS is no option; is GUILDHALL_CONFIG meant?'],
    [{}, { GUILDHALL_REGISTRATON: 'closed' }, 'GUILDHALL_REGISTRATON is no option; is GUILDHALL_REGISTRATION meant?'],
    [{ workers: '2', store: 'memory' }, {}, '--workers is "2"; with --store memory there is one worker'],
    [
      { port: 'a', registration: 'no' },
      { GUILDHALL_KEYSPACE: '1' },
      [
        '--port is "a"; it must be a whole number from 0 to 65535',
        '--registration is "no"; it must be one of: open, invite, closed',
        'GUILDHALL_KEYSPACE is "1"; it must be up to 48 small letters, digits and _, a letter first',
      ].join('\n'),
    ],
    [
      { 'trusted-proxies': '10.0.0.0/8, 10.0.0.300' },
      {},
      '--trusted-proxies is "10.0.0.0/8, 10.0.0.300"; it must be addresses or ranges (10.0.0.0/8), with a comma between two; "10.0.0.300" is none',
    ],
    [{ registration: 'maybe' }, {}, '--registration is "maybe"; it must be one of: open, invite, closed'],
  ];
  test.each(wrong)('a wrong value names itself: %j %j', (flags, environment, sentence) => {
    expect(() => readConfig(flags, environment)).toThrow(new ConfigError(sentence));
  });
});

describe('the config file', () => {
  const dir = mkdtempSync(join(tmpdir(), 'guildhall-config-'));
  afterAll(() => rmSync(dir, { recursive: true, force: true }));
  const file = (content: unknown): string => {
    const path = join(dir, 'guildhall.json');
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  test('loses against flags and the environment, wins over defaults', () => {
    const config = file({ port: 1, workers: '2', publicUrl: 'https://chat.example', rateLimits: 'off' });
    const read = readConfig({ config, port: '3' }, { GUILDHALL_WORKERS: '4', GUILDHALL_RATE_LIMITS: '' });
    expect(read).toMatchObject({ port: 3, workers: 4, publicUrl: 'https://chat.example', rateLimits: 'off' });
    expect(readConfig({}, { GUILDHALL_CONFIG: config })).toMatchObject({ port: 1, workers: 2, store: 'sqlite' });
  });

  const wrong: readonly [unknown, string][] = [
    [{ port: 'http' }, 'port in FILE is "http"; it must be a whole number from 0 to 65535'],
    [{ port: 1.5 }, 'port in FILE is "1.5"; it must be a whole number from 0 to 65535'],
    [{ port: null }, 'port in FILE is null; it must be a text or a number'],
    [{ dataDir: 5 }, 'dataDir in FILE is 5; it must be a text'],
    [{ contactPoints: ['a', 5] }, 'contactPoints in FILE is ["a",5]; it must be a text or a list of texts'],
    [{ host: ['a'] }, 'host in FILE is ["a"]; it must be a text'],
    [{ 'data-dir': '/srv' }, 'data-dir in FILE is no option; is dataDir meant?'],
    [{ elsewhere: '/srv' }, 'elsewhere in FILE is no option; the options are: port, host, dataDir'],
    [{ constructor: 'x' }, 'constructor in FILE is no option'],
    [[], 'the config file FILE must be an object'],
    ['{', 'the config file FILE cannot be read'],
  ];
  test.each(wrong)('a wrong one names itself: %j', (content, sentence) => {
    const config = file(content);
    expect(() => readConfig({ config }, {})).toThrow(ConfigError);
    expect(() => readConfig({ config }, {})).toThrow(sentence.replace('FILE', config));
  });

  test('may say a list where a list is meant', () => {
    const config = file({ contactPoints: ['a', 'b:9043'], trustedProxies: ['10.0.0.0/8'], rateLimits: 7 });
    const wanted = { contactPoints: 'a,b:9043', trustedProxies: '10.0.0.0/8', rateLimits: 7 } as const;
    expect(readConfig({ config }, {})).toMatchObject(wanted);
  });

  test('one that is not there is said so', () => {
    expect(() => readConfig({ config: join(dir, 'none') }, {})).toThrow('cannot be read');
  });
});

describe('limits', () => {
  const broken: readonly [string, Partial<Record<keyof typeof LIMITS, number>>][] = [
    ['a batch beyond the mailbox', { batchCommands: LIMITS.mailboxCommands + 1 }],
    ['a flush that fills a socket', { flushBytes: LIMITS.writableBytes + 1 }],
    ['a log that forgets detached sessions', { logAgeMs: LIMITS.detachedMs }],
    ['a zombie after one interval', { zombieMs: LIMITS.heartbeatMs }],
    ['zero', { files: 0 }],
  ];
  test.each(broken)('%s does not start', (_name, change) => {
    expect(() => checkLimits({ ...LIMITS, ...change })).toThrow();
  });

  test('the numbers of this build hold', () => {
    expect(() => checkLimits(LIMITS)).not.toThrow();
  });
});
