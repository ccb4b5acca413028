/** How long a file, a function and a line may be. */
import { type Finding, nameOf, type Rule, type Source, source, type Visit } from './tidy-source.ts';

const MAX_FILE_LINES = 400;
const MAX_MEDIAN_LINES = 120;
const MAX_FUNCTION_LINES = 70;
const MAX_COLUMNS = 180;

function checkFiles(sources: readonly Source[]): Finding[] {
  const long = sources.filter(({ lines }) => lines > MAX_FILE_LINES);
  return long.map(({ path, lines }) => ({ path, line: 1, why: `${lines} lines, at most ${MAX_FILE_LINES}` }));
}

function checkMedian(sources: readonly Source[]): Finding[] {
  const sizes = sources.flatMap(({ path, lines }) => (path.startsWith('src/') ? [lines] : [])).sort((a, b) => a - b);
  const median = sizes[Math.floor(sizes.length / 2)] ?? 0;
  if (median <= MAX_MEDIAN_LINES) return [];
  return [{ path: 'src/', line: 1, why: `the median file has ${median} lines, at most ${MAX_MEDIAN_LINES}` }];
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);
const SUITE = /^(describe|test|it)\b/;

/** The callback of `describe`, `test` or `test.each(...)` is a list of cases, not a function to be read as one. */
function isSuite({ node, parents }: Visit): boolean {
  const parent = parents.at(-1);
  if (parent?.type !== 'CallExpression' || parent.callee === node) return false;
  return SUITE.test(nameOf(parent.callee));
}

function functionName({ node, parents }: Visit): string {
  const parent = parents.at(-1);
  return nameOf(node.id) || nameOf(parent?.id) || nameOf(parent?.key) || 'a nameless function';
}

function checkFunctions(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, visits, lineAt } of sources) {
    for (const visit of visits) {
      const { node } = visit;
      if (!FUNCTIONS.has(node.type) || (path.startsWith('tests/') && isSuite(visit))) continue;
      const line = lineAt(node.start);
      const lines = lineAt(node.end) - line + 1;
      if (lines <= MAX_FUNCTION_LINES) continue;
      findings.push({ path, line, why: `${functionName(visit)} has ${lines} lines, at most ${MAX_FUNCTION_LINES}` });
    }
  }
  return findings;
}

function checkColumns(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, text }) =>
    text.split('\n').flatMap((content, index) => {
      if (content.length <= MAX_COLUMNS) return [];
      return [{ path, line: index + 1, why: `${content.length} columns, at most ${MAX_COLUMNS}` }];
    }),
  );
}

const filler = (lines: number) => 'x();\n'.repeat(lines);

const files: Rule = {
  name: `no file has more than ${MAX_FILE_LINES} lines`,
  check: checkFiles,
  planted: [[source('src/a.ts', filler(MAX_FILE_LINES + 1))], [source('tests/a.test.ts', filler(MAX_FILE_LINES + 1))]],
  innocent: [[source('src/a.ts', filler(MAX_FILE_LINES))]],
};

const median: Rule = {
  name: `half of the files of src have at most ${MAX_MEDIAN_LINES} lines`,
  check: checkMedian,
  planted: [[source('src/a.ts', filler(150)), source('src/b.ts', filler(130)), source('src/c.ts', filler(10))]],
  innocent: [[source('src/a.ts', filler(399)), source('src/b.ts', filler(120)), source('src/c.ts', filler(10))]],
};

const functions: Rule = {
  name: `no function has more than ${MAX_FUNCTION_LINES} lines`,
  check: checkFunctions,
  planted: [
    [source('src/a.ts', `function a() {\n${filler(69)}}`)],
    [source('src/a.ts', `const a = async () => {\n${filler(69)}};`)],
    [source('src/a.ts', `class A {\n  #m() {\n${filler(69)}}\n}`)],
    [source('tests/a.test.ts', `test('a', () => { list.map(() => {\n${filler(69)}}) });`)],
  ],
  innocent: [
    [source('src/a.ts', `function a() {\n${filler(68)}}`)],
    [source('src/a.ts', `class A {\n${'  m() {\n    x();\n  }\n'.repeat(60)}}`)],
    [
      source(
        'tests/a.test.ts',
        `describe('a', () => {\n${filler(90)}}); test.each([1])('b', () => {\n${filler(90)}});`,
      ),
    ],
  ],
};

const columns: Rule = {
  name: `no line has more than ${MAX_COLUMNS} columns`,
  check: checkColumns,
  planted: [[source('src/a.ts', `// ${'x'.repeat(MAX_COLUMNS)}`)]],
  innocent: [[source('src/a.ts', `// ${'x'.repeat(MAX_COLUMNS - 3)}`)]],
};

export const sizeRules: readonly Rule[] = [files, median, functions, columns];
