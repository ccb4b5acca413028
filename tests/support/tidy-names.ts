/** Names that say nothing: a file or a thing is called after what it is or does. */
import { basename } from 'node:path';
import { type Finding, nameOf, type Rule, type Source, type SyntaxNode, source, type Visit } from './tidy-source.ts';

const BANNED = new Set(['util', 'utils', 'helper', 'helpers', 'manager', 'managers', 'service', 'services']);

/** `GuildManager`, `guild-manager`, `GUILD_MANAGER` -> the banned word in it, if any. */
function bannedWord(name: string): string | undefined {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').split(/[^A-Za-z0-9]+/);
  return words.map((word) => word.toLowerCase()).find((word) => BANNED.has(word));
}

const NAMED = new Set([
  'FunctionDeclaration',
  'ClassDeclaration',
  'VariableDeclarator',
  'TSInterfaceDeclaration',
  'TSTypeAliasDeclaration',
  'TSEnumDeclaration',
]);
const MEMBERS = new Set(['MethodDefinition', 'PropertyDefinition']);

/** The name that a node gives to something of ours. Keys of objects are not: on the wire they are Discord's. */
function declaredName(node: SyntaxNode): string {
  if (NAMED.has(node.type)) return nameOf(node.id);
  return MEMBERS.has(node.type) ? nameOf(node.key) : '';
}

function parameterNames({ node }: Visit): string[] {
  if (!Array.isArray(node.params)) return [];
  return (node.params as SyntaxNode[]).map(nameOf).filter((name) => name !== '');
}

function checkNames(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, visits, lineAt } of sources) {
    const inPath = path.split('/').map(bannedWord).find(Boolean);
    if (inPath) findings.push({ path, line: 1, why: `the file name says "${inPath}": name it after what it does` });
    for (const visit of visits) {
      for (const name of [declaredName(visit.node), ...parameterNames(visit)]) {
        const word = bannedWord(name);
        if (word)
          findings.push({
            path,
            line: lineAt(visit.node.start),
            why: `${name} says "${word}": name it after what it does`,
          });
      }
    }
  }
  return findings;
}

function checkInterfaces(sources: readonly Source[]): Finding[] {
  return sources.flatMap(({ path, visits, lineAt }) =>
    visits.flatMap(({ node }) => {
      if (node.type !== 'TSInterfaceDeclaration' || !/^I[A-Z]/.test(nameOf(node.id))) return [];
      return [{ path, line: lineAt(node.start), why: `${nameOf(node.id)}: an interface has no I in front` }];
    }),
  );
}

const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bun|deno|d))*\.tsx?$/;

function checkFileNames(sources: readonly Source[]): Finding[] {
  const others = sources.filter(({ path }) => !KEBAB.test(basename(path)));
  return others.map(({ path }) => ({ path, line: 1, why: 'file names are kebab-case' }));
}

const words: Rule = {
  name: 'nothing is called utils, helper, manager or service',
  check: checkNames,
  planted: [
    [source('src/guild/guild-utils.ts', 'a();')],
    [source('src/manager/state.ts', 'a();')],
    [source('src/a.ts', 'class GuildManager {}')],
    [source('src/a.ts', 'const helper = 1;')],
    [source('src/a.ts', 'class A { #guildService = 1; }')],
    [source('src/a.ts', 'function f(manager) {}')],
    [source('tests/a.test.ts', 'function testHelper() {}')],
  ],
  innocent: [
    [source('src/a.ts', `import { RESTManager } from 'x'; const managed = { service: 1, manager: 2 }; // a helper`)],
    [source('src/a.ts', 'const MANAGE_GUILD = 1n; class Serviceable {}')],
  ],
};

const interfaces: Rule = {
  name: 'interfaces have no I in front',
  check: checkInterfaces,
  planted: [[source('src/a.ts', 'export interface IGuild { id: string }')]],
  innocent: [[source('src/a.ts', 'interface Identify { id: string } interface Item { id: string }')]],
};

const fileNames: Rule = {
  name: 'file names are kebab-case',
  check: checkFileNames,
  planted: [[source('src/guildState.ts', 'a();')], [source('src/guild_state.ts', 'a();')]],
  innocent: [[source('src/guild-state.ts', 'a();')], [source('src/gateway/server.bun.ts', 'a();')]],
};

export const nameRules: readonly Rule[] = [words, interfaces, fileNames];
