/** The documents say what is true: options, files, functions, links, rooms. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCli } from '../../src/cli/cli.ts';
import { flagOf, OPTION_NAMES, OPTIONS, variableOf } from '../../src/config.ts';

const root = join(import.meta.dir, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const documents = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path)),
];

/** Cells of the rows below the table's head that begins with these words. */
function tableOf(text: string, head: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.startsWith(`| ${head} |`));
  const rows = lines.slice(start + 2);
  const end = rows.findIndex((line) => !line.startsWith('|'));
  return rows.slice(0, end === -1 ? rows.length : end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** The code of a document is no prose: links are looked for outside of it. */
const prose = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '');

test('the README has every option of the config, with its default and meaning', () => {
  const shown: Readonly<Partial<Record<string, string>>> = {
    workers: 'number of cores',
    publicUrl: 'none',
    seed: 'none',
    trustedProxies: 'none',
    dataTokenFile: '`data-token` in the data directory',
    dataListen: 'none',
    dataTlsCert: 'none',
    dataTlsKey: 'none',
    dataCaFile: 'none',
    cqlUsername: 'none',
    cqlPasswordFile: 'none',
    cqlCaFile: 'none',
  };
  const wanted = OPTION_NAMES.map((name) => {
    const { fallback, about } = OPTIONS[name];
    return [`\`--${flagOf(name)}\``, `\`${variableOf(name)}\``, shown[name] ?? `\`${fallback}\``, about];
  });
  expect(tableOf(read('README.md'), 'Flag')).toEqual(wanted);
  expect(OPTIONS.publicUrl.fallback).toBe('');
});

test('the README has every command, with what it takes', async () => {
  const printed: string[] = [];
  const out = { write: (text: string) => printed.push(text) };
  const none = () => Promise.reject(new Error('nothing is started'));
  await runCli(['--help'], {
    serve: none,
    serveData: none,
    copy: none,
    withCore: none,
    pause: none,
    readInput: none,
    stdout: out,
    stderr: out,
  });
  const commands = [...printed.join('').matchAll(/^ {2}guildhall (\w.*)$/gm)].map(([, words]) => words);
  expect(commands).toContain('serve');
  expect(tableOf(read('README.md'), 'Command').map(([command]) => command)).toEqual(
    commands.map((words) => `\`${words}\``),
  );
});

test("the README's bot has only lines of the program that the suite runs", () => {
  const program = /```js\n([\s\S]*?)```/.exec(read('README.md'))?.[1] ?? '';
  const tested = /```js file=discordjs\.mjs\n([\s\S]*?)```/.exec(read('docs/clients.md'))?.[1]?.split('\n') ?? [];
  expect(program).toContain('!ping');
  expect(program.split('\n').filter((line) => !tested.includes(line))).toEqual([]);
});

test('the commands of the README are scripts of package.json', () => {
  const { scripts } = JSON.parse(read('package.json')) as { readonly scripts: Readonly<Record<string, string>> };
  const called = [...read('README.md').matchAll(/npm (?:run (?:--silent )?([a-z]+)|(start|test))/g)];
  const names = called.map(([, script, short]) => script ?? short ?? '');
  expect(names).toContain('guildhall');
  expect(names.filter((name) => !(name in scripts))).toEqual([]);
});

test('the table of rooms is the one that is enforced', () => {
  const enforced = /MAY_IMPORT[^{]*\{\n([\s\S]*?)\n\};/.exec(read('tests/support/tidy-imports.ts'))?.[1] ?? '';
  const rooms = [...enforced.matchAll(/^ {2}'?([\w/]+)'?: \[(.*)\],$/gm)]
    .map(([, room = '', may = '']) => [room, [...may.matchAll(/'([^']+)'/g)].map(([, name]) => name)] as const)
    .filter(([room]) => existsSync(join(root, 'src', room)));
  const written = tableOf(read('docs/ARCHITECTURE.md'), 'Room').map(
    ([room = '', , may = '']) => [room.slice(1, -1), [...may.matchAll(/`([^`]+)`/g)].map(([, name]) => name)] as const,
  );
  expect(rooms.length).toBeGreaterThan(5);
  expect(Object.fromEntries(written)).toEqual(Object.fromEntries(rooms));
});

describe.each(documents)('%s', (path) => {
  const text = prose(read(path));

  test('links lead to files that are there', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
    const relative = targets.filter((target) => !/^(?:[a-z]+:|#)/.test(target));
    const gone = relative.filter((target) => !existsSync(join(root, dirname(path), target.replace(/#.*$/, ''))));
    expect(gone).toEqual([]);
  });

  test('files and functions that it names are there', () => {
    const named = [...text.matchAll(/`((?:src|tests|docs|\.ci)\/[\w./-]*)`(?:\s`([\w#]+)`)?/g)];
    const wrong = named
      .filter(([, file = '', name]) => {
        if (!existsSync(join(root, file))) return true;
        return name !== undefined && !new RegExp(`(?<![\\w#])${name}\\b`).test(read(file));
      })
      .map(([match]) => match);
    expect(wrong).toEqual([]);
  });
});

test('decisions are numbered without holes', () => {
  const numbers = readdirSync(join(root, 'docs/decisions')).map((name) => Number(name.slice(0, 4)));
  expect(numbers.toSorted((a, b) => a - b)).toEqual(numbers.map((_, index) => index + 1));
});
