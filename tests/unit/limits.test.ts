/** Every bound of the table is read by the code it bounds: by its name, from the table or from limits that were handed in. */
import { describe, expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOM_LIMITS } from '../../src/gateway/limits.ts';
import { LIMITS } from '../../src/limits.ts';

const root = join(import.meta.dir, '../../src');
const sources = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts') && path !== 'limits.ts')
  .map((path) => readFileSync(join(root, path), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, ''))
  .join('\n');

/** `limits.name`, or taken out of them by `const { name } = ….limits`; the interfaces that name it too are no readers. */
function isRead(name: string, code: string): boolean {
  if (new RegExp(`\\blimits\\.${name}\\b`, 'i').test(code)) return true;
  const taken = [...code.matchAll(/\{([^{}]*)\} = (?:this\.)?(?:#?\w+\.)*#?limits\b/gi)];
  return taken.some(([, names = '']) => new RegExp(`\\b${name}\\b`).test(names));
}

test('a name that only an interface has is not read', () => {
  const code =
    'interface L { readonly idle: number }\nconst { waiting } = this.#ports.limits;\nif (n > limits.most) stop();';
  expect(['idle', 'waiting', 'most'].map((name) => isRead(name, code))).toEqual([false, true, true]);
});

describe.each(Object.keys({ ...LIMITS, ...ROOM_LIMITS }))('%s', (name) => {
  test('bounds something', () => {
    expect(isRead(name, sources)).toBe(true);
  });
});
