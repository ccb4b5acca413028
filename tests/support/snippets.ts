/** The programs printed in a page of docs/: fenced code whose first line names a file, as in "js file=a.mjs". */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '..', '..');
const FENCE = /^```\w+ file=(\S+)\n([\s\S]*?)^```$/gm;

/** File name -> text. */
export function snippetsOf(page: string): Map<string, string> {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return new Map([...text.matchAll(FENCE)].map(([, file, code]) => [file ?? '', code ?? '']));
}

/** A folder with these files, from which programs find the packages of this repository. */
export class SnippetFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async write(files: ReadonlyMap<string, string>): Promise<SnippetFolder> {
    const path = await mkdtemp(join(tmpdir(), 'guildhall-snippets-'));
    await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'));
    for (const [file, text] of files) await writeFile(join(path, file), text);
    return new SnippetFolder(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
