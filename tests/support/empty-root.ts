/** A root directory with one executable and what its loader needs, and nothing else: no shell, no runtime, no device. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** The kernel's own view of processes: every container has it, and the runtime reads its stack and memory limits there. */
const ENTER = 'mount -t proc proc "$1/proc" && shift && exec "$@"';

export class EmptyRoot implements Disposable {
  /** From outside. From inside it is `/data`. */
  readonly data: string;

  private constructor(readonly path: string) {
    this.data = join(path, 'data');
  }

  static with(executable: string): EmptyRoot {
    const path = mkdtempSync(join(tmpdir(), 'guildhall-root-'));
    for (const folder of ['data', 'proc']) mkdirSync(join(path, folder));
    cpSync(executable, join(path, 'guildhall'));
    for (const library of librariesOf(executable)) {
      mkdirSync(join(path, dirname(library)), { recursive: true });
      cpSync(library, join(path, library), { dereference: true });
    }
    return new EmptyRoot(path);
  }

  /** Null: this machine can do it. */
  static impossible(): string | null {
    if (process.platform !== 'linux') return 'it needs Linux';
    if (process.getuid?.() !== 0) return 'it needs root';
    const tried = Bun.spawnSync(['unshare', '--mount', 'chroot', '/', 'true']);
    return tried.exitCode === 0 ? null : `chroot: ${tried.stderr.toString().trim()}`;
  }

  /** Starts the executable in here, as the very process that is spawned. `before`: a program that starts it in turn. */
  program(before: readonly string[] = []): readonly string[] {
    return ['unshare', '--mount', 'sh', '-c', ENTER, 'sh', this.path, ...before, 'chroot', this.path, '/guildhall'];
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

function librariesOf(executable: string): string[] {
  const said = Bun.spawnSync(['ldd', executable]).stdout.toString();
  const paths = [...said.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  if (!paths.some(existsSync)) throw new Error(`ldd ${executable}: ${said}`);
  return paths;
}
