/** Plants one bug: the file that it is in is changed while it is loaded. What runs in production has no switch for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plugin } from 'bun';
import { PLANTED } from './planted.ts';

const root = join(import.meta.dir, '../..');

/** Throws unless each text to be replaced is found exactly once: a bug that is not planted proves nothing. */
export function changed(name: string, text: string): string {
  const bug = PLANTED.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`no bug is called ${name}: ${PLANTED.map((one) => one.name).join(', ')}`);
  let now = text;
  for (const [find, put] of bug.changes) {
    const times = now.split(find).length - 1;
    if (times !== 1) throw new Error(`${name}: found ${times} times in ${bug.file}: ${find}`);
    now = now.replace(find, () => put);
  }
  return now;
}

/** Before anything of `src` is loaded. */
export function plant(name: string): void {
  const path = join(root, fileOf(name));
  const contents = changed(name, readFileSync(path, 'utf8'));
  plugin({
    name: 'planted bug',
    setup: (build) => {
      const filter = new RegExp(`${path.replaceAll(/[.\\/]/g, '\\$&')}$`);
      build.onLoad({ filter }, () => ({ contents, loader: 'ts' }));
    },
  });
}

export function fileOf(name: string): string {
  const bug = PLANTED.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`no bug is called ${name}: ${PLANTED.map((one) => one.name).join(', ')}`);
  return bug.file;
}
