/** What planted.ts changes is there: who rewrites it sees so at once. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { changed } from './plant.ts';
import { PLANTED } from './planted.ts';

const root = join(import.meta.dir, '../..');

test('each bug is planted where it belongs: its text is there, once', () => {
  for (const { name, file } of PLANTED) {
    const text = readFileSync(join(root, file), 'utf8');
    expect(changed(name, text)).not.toBe(text);
  }
  expect(() => changed('no-hop', 'this is not the file')).toThrow('found 0 times');
});
