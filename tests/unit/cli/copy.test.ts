/** What `copy` draws and says; the copying itself is tested where the stores are. */
import { describe, expect, test } from 'bun:test';
import type { Powers } from '../../../src/cli/command.ts';
import { runLine as run } from '../../support/run-line.ts';

describe('copy', () => {
  const argv = ['copy', '--from', 'sqlite:a', '--to', 'sqlite:b'];
  const copy: Powers['copy'] = async (_config, _request, saw) => {
    for (const rows of [1, 2]) saw({ what: 'copying', rows, of: 2, rate: 1 });
    saw({ what: 'comparing', rows: 1, of: 2, rate: 1 });
    return { rows: 2, resumedAt: 0, compared: [] };
  };

  test('draws its progress on a terminal, and ends each line that it drew', async () => {
    const { code, out, err } = await run(argv, { copy }, true);
    expect([code, out]).toEqual([0, '2 rows copied; compared: both stores are the same\n']);
    expect(err.split('\n').map((line) => line.slice(line.lastIndexOf('\r') + 1).split(' ')[0])).toEqual([
      'copying',
      'comparing',
      '',
    ]);
    const failing = { copy: () => Promise.reject(new Error('no store')) };
    expect((await run(argv, failing, true)).err).toBe('no store\n');
  });

  test('says how much there is, how fast it goes and how long it will take', async () => {
    const drawn = async (rows: number, of: number, rate: number): Promise<string> => {
      const once: Powers['copy'] = async (_config, _request, saw) => {
        saw({ what: 'copying', rows, of, rate });
        return { rows, resumedAt: 0, compared: [] };
      };
      return (await run(argv, { copy: once }, true)).err;
    };
    const bar = (full: number): string => '#'.repeat(full).padEnd(30, '.');
    expect(await drawn(100, 1000, 7.4)).toBe(`\rcopying [${bar(3)}] 10 % 100 rows, 7/s, 2:02 left \n`);
    expect(await drawn(999, 1000, 0)).toBe(`\rcopying [${bar(30)}] 99 % 999 rows, 0/s, 0:01 left \n`);
    // How many there are is known roughly.
    expect(await drawn(1100, 1000, 200)).toBe(`\rcopying [${bar(30)}] 100 % 1100 rows, 200/s, 0:00 left \n`);
    expect(await drawn(0, 0, 0)).toBe(`\rcopying [${bar(30)}] 100 % 0 rows, 0/s, 0:00 left \n`);
  });

  test('draws nothing for what reads lines', async () => {
    expect((await run(argv, { copy })).err).toBe('');
    expect((await run([...argv, '--json'], { copy }, true)).err).toBe('');
  });
});
