/** A disk that is soon full: a file system in memory, mounted on a folder of its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files and folders. */
const MOST_NAMES = 1000;

export class SmallDisk implements Disposable {
  private constructor(readonly path: string) {}

  static of(bytes: number): SmallDisk {
    const path = mkdtempSync(join(tmpdir(), 'guildhall-disk-'));
    const said = Bun.spawnSync(['mount', '-t', 'tmpfs', '-o', `size=${bytes},nr_inodes=${MOST_NAMES}`, 'none', path]);
    if (said.exitCode !== 0) throw new Error(`mount: ${said.stderr.toString()}`);
    return new SmallDisk(path);
  }

  /** Null: this machine can do it. */
  static impossible(): string | null {
    if (process.platform !== 'linux') return 'it needs Linux';
    if (process.getuid?.() !== 0) return 'it needs root';
    const tried = Bun.spawnSync(['unshare', '--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()]);
    return tried.exitCode === 0 ? null : `mount: ${tried.stderr.toString().trim()}`;
  }

  /** Takes all the room there is. */
  fill(): void {
    const file = join(this.path, 'ballast');
    for (const bytes of [1 << 16, 1 << 12, 1]) {
      try {
        for (;;) writeFileSync(file, 'x'.repeat(bytes), { flag: 'a' });
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      }
    }
  }

  /** No file or folder can be made any more; those that are there can grow. */
  fillNames(): void {
    try {
      for (let n = 0; ; n += 1) writeFileSync(join(this.path, `ballast-${n}`), '');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }

  empty(): void {
    rmSync(join(this.path, 'ballast'), { force: true });
  }

  [Symbol.dispose](): void {
    const said = Bun.spawnSync(['umount', this.path]);
    if (said.exitCode !== 0) throw new Error(`umount: ${said.stderr.toString()}`);
    rmSync(this.path, { recursive: true });
  }
}
