/**
 * Holds any answer against the official specification: the operation is found by method and path, its response schema by the status.
 * discord-api-spec has the schemas as zod and the operations as a type file; the second is read as text.
 */
import { readFileSync } from 'node:fs';
import * as schemas from 'discord-api-spec/zod';
import type { ZodMiniType } from 'zod/mini';

interface Operation {
  readonly method: string;
  readonly template: readonly string[];
  /** Status (`200`, `4XX`) -> type expression, as `GuildMemberResponse[] | null`. */
  readonly responses: ReadonlyMap<string, string>;
}

const operations = readOperations();

function readOperations(): readonly Operation[] {
  const source = readFileSync(new URL('./discord-api-spec.ts', import.meta.resolve('discord-api-spec')), 'utf8');
  const found: Operation[] = [];
  let path = '';
  let responses = new Map<string, string>();
  for (const line of onOneLine(source).split('\n')) {
    const at = /^ {2}"(\/[^"]*)": \{$/.exec(line)?.[1];
    const method = /^ {4}(get|put|post|patch|delete): \{$/.exec(line)?.[1];
    const [, status, type] = /^ {8}"(\w{3})": (.+);$/.exec(line) ?? [];
    if (at !== undefined) path = at;
    else if (method !== undefined && path !== '') {
      responses = new Map();
      found.push({ method: method.toUpperCase(), template: path.split('/'), responses });
    } else if (status !== undefined && type !== undefined) responses.set(status, type);
  }
  return found;
}

/** Long unions are broken over lines: `\n | A\n | (\n | B\n )[]`. */
function onOneLine(source: string): string {
  return source.replace(/^ {8}"\w{3}":\n(?: {10}.*\n)+/gm, (text) => {
    const type = text
      .slice(0, -1)
      .replace(/\s+/g, ' ')
      .replace(/([:(]) \| /g, '$1 ')
      .replace(/\( | \)/g, (it) => it.trim());
    return `        ${type.trim()}\n`;
  });
}

/** The operation of a path below `/api/v10`; of two that fit, the one with more fixed parts. */
export function operationOf(method: string, path: string): Operation | null {
  const parts = path.replace(/\?.*$/, '').split('/');
  const fixed = ({ template }: Operation) => template.filter((part) => !part.startsWith('{')).length;
  const fits = ({ method: its, template }: Operation) =>
    its === method &&
    template.length === parts.length &&
    template.every((part, index) => (part.startsWith('{') ? !parts[index]?.startsWith('@') : part === parts[index]));
  return operations.filter(fits).toSorted((a, b) => fixed(b) - fixed(a))[0] ?? null;
}

/**
 * What is wrong with this answer; empty: nothing. Operations that the specification leaves out (accounts, POST /guilds) are judged by
 * `isOfficial` alone: their success has no schema, their errors have.
 */
export function problemsOf(method: string, path: string, status: number, body: unknown): string[] {
  const operation = operationOf(method, path);
  if (status === 429) return check('RatelimitedResponse', body);
  if (status >= 400) return errorProblems(body);
  if (operation === null) return [];
  const type = operation.responses.get(String(status));
  if (type === undefined) return [`status ${status} is not documented for ${method} ${operation.template.join('/')}`];
  if (status === 204) return body === null || body === undefined || body === '' ? [] : ['a 204 has no body'];
  return check(type, body);
}

/**
 * The tree under `errors` by the documentation (docs/reference, error messages), not by the specification: that says numbers for the codes of
 * its leaves, which are names in all of the documentation's examples and in every answer of the original.
 */
function errorProblems(body: unknown): string[] {
  const { errors, ...rest } = (body ?? {}) as { errors?: unknown };
  return [...check('ErrorResponse', rest), ...(errors === undefined ? [] : treeProblems(errors, 'errors'))];
}

function treeProblems(node: unknown, path: string): string[] {
  if (typeof node !== 'object' || node === null || Array.isArray(node)) return [`${path} is not an object`];
  const entries = Object.entries(node);
  if (entries.length === 0) return [`${path} is empty`];
  return entries.flatMap(([key, below]) =>
    key === '_errors' ? leafProblems(below, `${path}._errors`) : treeProblems(below, `${path}.${key}`),
  );
}

function leafProblems(leaves: unknown, path: string): string[] {
  if (!Array.isArray(leaves) || leaves.length === 0) return [`${path} is not a list with leaves`];
  const isLeaf = (leaf: { code?: unknown; message?: unknown }) =>
    typeof leaf.code === 'string' && typeof leaf.message === 'string';
  return leaves.every(isLeaf) ? [] : [`${path} has a leaf without code or message`];
}

export const isOfficial = (method: string, path: string): boolean => operationOf(method, path) !== null;

function check(type: string, body: unknown): string[] {
  const members = type
    .replace(/^\((.*)\)\[\]( \| null)?$/, '$1')
    .split(' | ')
    .map((each) => each.trim());
  const isList = /\[\]( \| null)?$/.test(type);
  if (type.endsWith('[] | null') && body === null) return [];
  if (isList) {
    if (!Array.isArray(body)) return ['the body is not a list'];
    return body.flatMap((each, index) => one(members, each).map((problem) => `[${index}] ${problem}`));
  }
  return one(members, body);
}

function one(members: readonly string[], value: unknown): string[] {
  const results = members.map((member) => {
    const name = member.replace(/\[\]$/, '');
    if (name === 'unknown') return [];
    if (name === 'null') return value === null ? [] : ['not null'];
    if (name === 'string') return typeof value === 'string' ? [] : ['not a string'];
    const schema = (schemas as unknown as Record<string, ZodMiniType | undefined>)[`${name}Schema`];
    if (schema === undefined) throw new Error(`the specification has no schema ${name}`);
    const { error } = schema.safeParse(inUtc(value));
    return (error?.issues ?? []).map(
      (issue) => `${name}.${issue.path.join('.')}: ${issue.message} ${JSON.stringify(issue)}`,
    );
  });
  return results.toSorted((a, b) => a.length - b.length)[0] ?? [];
}

/** The specification's `date-time` takes any offset; its zod form only `Z`. */
function inUtc(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/^(\d{4}-\d\d-\d\dT[\d:.]+)\+00:00$/, '$1Z');
  if (Array.isArray(value)) return value.map(inUtc);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, inUtc(each)]));
}
