/** What one runtime alone has lies in `x.bun.ts`, and its twin `x.deno.ts` exports the same names. */
import { type Finding, nameOf, type Rule, type Source, type SyntaxNode, source } from './tidy-source.ts';

const KIND = /\.(bun|deno)\.ts$/;

const namesOf = (declaration: SyntaxNode): string[] =>
  Array.isArray(declaration.declarations)
    ? (declaration.declarations as SyntaxNode[]).map((each) => nameOf(each.id))
    : [nameOf(declaration.id)];

/** `export const a`, `export class B`, `export { c as d }`, `export * from './e.ts'`. */
function exportsOf({ visits }: Source): string[] {
  const names = visits.flatMap(({ node }) => {
    if (node.type === 'ExportDefaultDeclaration') return ['default'];
    if (node.type === 'ExportAllDeclaration') return [`* from ${String((node.source as SyntaxNode).value)}`];
    if (node.type !== 'ExportNamedDeclaration') return [];
    const specifiers = (node.specifiers as SyntaxNode[] | undefined) ?? [];
    const declared = node.declaration ? namesOf(node.declaration as SyntaxNode) : [];
    return [...declared, ...specifiers.map(({ exported }) => nameOf(exported))];
  });
  return names.sort();
}

function checkTwins(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  return sources.flatMap((file) => {
    const kind = file.path.startsWith('src/') ? KIND.exec(file.path)?.[1] : undefined;
    if (kind === undefined) return [];
    const twinPath = file.path.replace(KIND, kind === 'bun' ? '.deno.ts' : '.bun.ts');
    const twin = byPath.get(twinPath);
    if (twin === undefined) return [{ path: file.path, line: 1, why: `its twin ${twinPath} is missing` }];
    const [mine, other] = [exportsOf(file).join(', '), exportsOf(twin).join(', ')];
    return mine === other ? [] : [{ path: file.path, line: 1, why: `exports ${mine}, but its twin exports ${other}` }];
  });
}

const twins: Rule = {
  name: 'each *.bun.ts has a *.deno.ts with the same exports',
  check: checkTwins,
  planted: [
    [source('src/gateway/server.bun.ts', 'export class Server {}')],
    [source('src/gateway/server.deno.ts', 'export class Server {}')],
    [
      source('src/gateway/server.bun.ts', 'export class Server {} export const port = 1;'),
      source('src/gateway/server.deno.ts', 'export class Server {}'),
    ],
    [
      source('src/gateway/server.bun.ts', 'class Server {} export { Server };'),
      source('src/gateway/server.deno.ts', 'class Server {} export { Server as Listener };'),
    ],
  ],
  innocent: [
    [
      source('src/gateway/server.bun.ts', 'export class Server {} const a = 1;'),
      source('src/gateway/server.deno.ts', 'class Server {} export { Server };'),
    ],
    [source('tests/a.bun.ts', 'export const a = 1;')],
  ],
};

export const twinRules: readonly Rule[] = [twins];
