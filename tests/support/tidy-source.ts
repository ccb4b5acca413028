/** The files of the repository as the rules of the house see them: text, syntax tree, imports. */
import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { parse } from '@babel/parser';

/** A node of the syntax tree (ESTree with TypeScript's nodes); everything but these three fields depends on `type`. */
export interface SyntaxNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

export interface ImportEdge {
  /** As written: `./deque.ts`, `node:sqlite`. */
  readonly specifier: string;
  /** The file of this repository it leads to, or null for a package. */
  readonly target: string | null;
  /** `new URL('./x.ts', import.meta.url)`: another thread loads it, so it closes no circle of imports. */
  readonly spawned: boolean;
  readonly line: number;
}

export interface Visit {
  readonly node: SyntaxNode;
  /** From the root of the tree down to the node's parent. */
  readonly parents: readonly SyntaxNode[];
}

export interface Source {
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  readonly visits: readonly Visit[];
  readonly imports: readonly ImportEdge[];
  readonly comments: readonly { readonly value: string; readonly line: number }[];
  readonly lineAt: (offset: number) => number;
}

export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly why: string;
}

/** A rule and the proof that it can fail: every planted source must be found, every innocent one must pass. */
export interface Rule {
  readonly name: string;
  readonly check: (sources: readonly Source[]) => Finding[];
  readonly planted: readonly (readonly Source[])[];
  readonly innocent: readonly (readonly Source[])[];
}

const GENERATED = /^src\/protocol\/gen\//;
const CODE = /^(src|tests|bench)\/.*\.tsx?$/;

/** All files that are, or could be, committed: tracked ones and new ones that are not ignored. */
export function listFiles(root: string): string[] {
  const listing = Bun.spawnSync(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  if (listing.exitCode !== 0) throw new Error(`git ls-files failed: ${listing.stderr.toString()}`);
  const paths = listing.stdout.toString().split('\0');
  return paths.filter((path) => path !== '' && existsSync(posix.join(root, path)));
}

/** The hand-written code of src, tests and bench, parsed. */
export function readSources(root: string): Source[] {
  const paths = listFiles(root).filter((path) => CODE.test(path) && !GENERATED.test(path));
  return paths.map((path) => source(path, readFileSync(posix.join(root, path), 'utf8')));
}

function parseAt(path: string, text: string): ReturnType<typeof parse> {
  try {
    return parse(text, {
      sourceFilename: path,
      sourceType: 'module',
      attachComment: false,
      // What is wrong with a program, the type checker says better.
      errorRecovery: true,
      createImportExpressions: true,
      plugins: ['typescript', ['estree', { classFeatures: true }], 'explicitResourceManagement', ...jsx(path)],
    });
  } catch (cause) {
    throw new Error(`${path} cannot be parsed: ${cause}`, { cause });
  }
}

/** Parses one file; throws when it is no TypeScript at all. */
export function source(path: string, text: string): Source {
  const parsed = parseAt(path, text);
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  const lineAt = (offset: number) => starts.findLastIndex((start) => start <= offset) + 1;
  const visits: Visit[] = [];
  walk(parsed.program as unknown as SyntaxNode, [], visits);
  return {
    path,
    text,
    lines: text.endsWith('\n') ? starts.length - 1 : starts.length,
    visits,
    imports: visits.flatMap(({ node }) => importOf(path, node, lineAt)),
    comments: (parsed.comments ?? []).map(({ value, start }) => ({ value, line: lineAt(start ?? 0) })),
    lineAt,
  };
}

const jsx = (path: string) => (path.endsWith('x') ? (['jsx'] as const) : []);

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as SyntaxNode).type === 'string';
}

function walk(node: SyntaxNode, parents: readonly SyntaxNode[], visits: Visit[]): void {
  visits.push({ node, parents });
  const below = [...parents, node];
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) walk(child, below, visits);
  }
}

/** Static and dynamic imports, re-exports, `import('x').T` in types, and `new URL('./x.ts', import.meta.url)`. */
function importOf(path: string, node: SyntaxNode, lineAt: (offset: number) => number): ImportEdge[] {
  const literal = literalOf(node);
  if (literal === null) return [];
  const target = literal.startsWith('.') ? posix.join(posix.dirname(path), literal) : null;
  return [{ specifier: literal, target, spawned: node.type === 'NewExpression', line: lineAt(node.start) }];
}

function literalOf(node: SyntaxNode): string | null {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return stringOf(node.source ?? node.argument);
    case 'NewExpression': {
      const [first, second] = node.arguments as SyntaxNode[];
      const file = nameOf(node.callee) === 'URL' && nameOf(second) === 'import.meta.url' ? stringOf(first) : null;
      return file !== null && /\.tsx?$/.test(file) ? file : null;
    }
    default:
      return null;
  }
}

function stringOf(value: unknown): string | null {
  return isNode(value) && value.type === 'Literal' && typeof value.value === 'string' ? value.value : null;
}

/** `server`, `this.#server.publish`, `import.meta.url`: the dotted name of an expression, or '' if it has none. */
export function nameOf(value: unknown): string {
  if (!isNode(value)) return '';
  switch (value.type) {
    case 'Identifier':
      return String(value.name);
    case 'PrivateIdentifier':
      return `#${String(value.name)}`;
    case 'ThisExpression':
      return 'this';
    case 'MetaProperty':
      return `${nameOf(value.meta)}.${nameOf(value.property)}`;
    case 'ChainExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
      return nameOf(value.expression);
    case 'CallExpression':
      return `${nameOf(value.callee)}()`;
    case 'MemberExpression':
      return memberName(value).replace(/^globalThis\./, '');
    default:
      return '';
  }
}

function memberName(member: SyntaxNode): string {
  const property = member.computed === true ? (stringOf(member.property) ?? '[]') : nameOf(member.property);
  return `${nameOf(member.object)}.${property}`;
}
