/** The house keeps itself: who imports whom, sizes, names, powers, leftovers. `docs/ARCHITECTURE.md` says why. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { codeRules } from './support/tidy-code.ts';
import { importRules } from './support/tidy-imports.ts';
import { nameRules } from './support/tidy-names.ts';
import { sizeRules } from './support/tidy-sizes.ts';
import { type Finding, listFiles, readSources } from './support/tidy-source.ts';
import { checkText, isText, textRules } from './support/tidy-text.ts';
import { twinRules } from './support/tidy-twins.ts';

const root = join(import.meta.dir, '..');
const sources = readSources(root);
const texts = listFiles(root)
  .filter(isText)
  .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));

const say = (findings: readonly Finding[]) => findings.map(({ path, line, why }) => `${path}:${line}: ${why}`);

test('the rules have something to look at', () => {
  expect(sources.map(({ path }) => path)).toContain('src/base/assert.ts');
  expect(texts.map(({ path }) => path)).toContain('package.json');
});

/** Until there is an entry point, nothing can be reached from it. */
const hasEntry = sources.some(({ path }) => path === 'src/main.ts');
const isReach = (name: string) => name.includes('entry point');

for (const rule of [...importRules, ...sizeRules, ...nameRules, ...codeRules, ...twinRules]) {
  describe(rule.name, () => {
    test.skipIf(isReach(rule.name) && !hasEntry)('in this repository', () => {
      expect(say(rule.check(sources))).toEqual([]);
    });

    test('is seen when it is broken', () => {
      const missed = rule.planted.filter((planted) => rule.check(planted).length === 0);
      expect(rule.planted.length).toBeGreaterThan(0);
      expect(missed.map((files) => files.map(({ text }) => text))).toEqual([]);
    });

    test('is not seen where it is kept', () => {
      expect(rule.innocent.length).toBeGreaterThan(0);
      expect(rule.innocent.flatMap((files) => say(rule.check(files)))).toEqual([]);
    });
  });
}

for (const rule of textRules) {
  describe(rule.name, () => {
    test('in this repository', () => {
      expect(say(checkText(rule, texts))).toEqual([]);
    });

    test('is seen when it is broken', () => {
      const missed = rule.planted.filter((text) => checkText(rule, [{ path: 'a.md', text }]).length === 0);
      expect(missed).toEqual([]);
    });

    test('is not seen where it is kept', () => {
      expect(rule.innocent.flatMap((text) => say(checkText(rule, [{ path: 'a.md', text }])))).toEqual([]);
    });
  });
}

test('deno.json puts each twin in the place of its *.bun.ts', () => {
  const map = Object.fromEntries(
    sources
      .filter(({ path }) => path.startsWith('src/') && path.endsWith('.bun.ts'))
      .map(({ path }) => [`./${path}`, `./${path.replace('.bun.ts', '.deno.ts')}`]),
  );
  expect(Object.keys(map)).not.toEqual([]);
  const config = Bun.JSONC.parse(readFileSync(join(root, 'deno.json'), 'utf8')) as { readonly imports: unknown };
  expect(config.imports).toEqual(map);
});
