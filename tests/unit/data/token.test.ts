import { describe, expect, test } from 'bun:test';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metadata } from '@grpc/grpc-js';
import { realClock } from '../../../src/base/clock.ts';
import { readConfig } from '../../../src/config.ts';
import { Access, isLoopback } from '../../../src/data/access.ts';
import { serveData } from '../../../src/data-node.ts';
import { ownDataToken, readDataToken, warnOfOpenToken } from '../../../src/data-token.ts';
import { StoreFolder } from '../../support/store-folder.ts';

const configOf = (folder: StoreFolder, more: Readonly<Record<string, string>> = {}) =>
  readConfig({ 'data-dir': folder.dir, ...more }, {});

describe('the token of the data service', () => {
  test('is made where only this machine can reach it, for its owner alone, and stays', () => {
    using folder = new StoreFolder();
    const token = ownDataToken(configOf(folder), true);
    const file = join(folder.dir, 'data-token');
    expect(token.length).toBeGreaterThan(40);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(ownDataToken(configOf(folder), true)).toBe(token);
    expect(ownDataToken(configOf(folder), false)).toBe(token);
    expect(readFileSync(file, 'utf8').trim()).toBe(token);
  });

  test('is not made beyond loopback, nor where a file is named', async () => {
    using folder = new StoreFolder();
    expect(() => ownDataToken(configOf(folder), false)).toThrow('--data-token-file');
    const named = configOf(folder, { 'data-token-file': join(folder.dir, 'mine') });
    expect(() => ownDataToken(named, true)).toThrow('cannot be read');
    const beyond = configOf(folder, { 'data-listen': '0.0.0.0:0', store: 'memory' });
    const refused = await serveData(beyond, null, true, realClock).catch((error: unknown) => error);
    expect(String(refused)).toMatch(/beyond this machine .*data-token is not there\. Make it: .*openssl rand/);
  });

  test('is taken also where others may read it, and that is said, with what to mend', () => {
    using folder = new StoreFolder();
    const file = join(folder.dir, 'mounted');
    const config = configOf(folder, { 'data-token-file': file });
    const said = (): string[] => {
      const lines: string[] = [];
      warnOfOpenToken(config, (what) => lines.push(what));
      return lines;
    };
    expect(said()).toEqual([]);
    writeFileSync(file, 'x'.repeat(40));
    for (const mode of [0o444, 0o640, 0o604]) {
      chmodSync(file, mode);
      expect(ownDataToken(config, true)).toBe('x'.repeat(40));
      expect(said()).toEqual([
        expect.stringMatching(new RegExp(`mounted, .* \\(mode ${mode.toString(8)}\\): chmod 600 `)),
      ]);
    }
    chmodSync(file, 0o400);
    expect(said()).toEqual([]);
  });

  const wrong = ['', 'short', 'with a space in the middle of it', `${'x'.repeat(20)}\n${'y'.repeat(20)}`];
  test.each(wrong)('must be one line without blanks: %j', (text) => {
    using folder = new StoreFolder();
    writeFileSync(join(folder.dir, 'data-token'), text);
    expect(() => readDataToken(configOf(folder))).toThrow('holds no token');
  });

  test('opens with or without the word in front, and nothing else does', () => {
    const access = new Access('the right one');
    const allows = (said: string | null): boolean => {
      const metadata = new Metadata();
      if (said !== null) metadata.set('authorization', said);
      return access.allows(metadata);
    };
    expect(['Bearer the right one', 'bearer the right one', 'the right one'].map(allows)).toEqual([true, true, true]);
    expect([null, '', 'Bearer ', 'the right on', 'Basic the right one'].map(allows)).toEqual(Array(5).fill(false));
  });
});

test('loopback is this machine alone', () => {
  const hosts = [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    'localhost',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'example.org',
    '127.0.0.1.example.org',
  ];
  expect(hosts.map(isLoopback)).toEqual([true, true, true, true, false, false, false, false, false]);
});
