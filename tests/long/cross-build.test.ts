/** Executables for machines that this one is not: built, of the right kind, and with the program inside. None of them can be run here. */
import { afterAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { skipped } from '../support/skipped.ts';

const ROOT = join(import.meta.dir, '..', '..');
const BUILD_MS = 300_000;
/** First words of ELF and of a Mach-O of 64 bits; at 4 the class or the processor, at 18 the processor of ELF. */
const [ELF, MACH_O] = [0x7f454c46, 0xcffaedfe];
const MACHINES = {
  'bun-linux-x64': [ELF, 0x3e],
  'bun-linux-arm64': [ELF, 0xb7],
  'bun-darwin-x64': [MACH_O, 0x01000007],
  'bun-darwin-arm64': [MACH_O, 0x0100000c],
} as const;

const folder = mkdtempSync(join(tmpdir(), 'guildhall-cross-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** npm brings the runtimes. */
function unreachable(): string | null {
  const asked = Bun.spawnSync(['npm', 'view', '@oven/bun-linux-aarch64', 'name', '--silent'], { timeout: 30_000 });
  return asked.exitCode === 0 ? null : 'npm cannot be reached';
}

const machineOf = (file: Buffer): readonly [number, number] => {
  const kind = file.readUInt32BE(0);
  return [kind, kind === ELF ? file.readUInt16LE(18) : file.readUInt32LE(4)];
};

describe.skipIf(skipped('executables for other machines', unreachable()))('the executable', () => {
  test.each(Object.entries(MACHINES))(
    'for %s is for that machine, and has the program inside',
    async (target, machine) => {
      const outfile = join(folder, target);
      const build = Bun.spawn([process.execPath, '.ci/build.ts', '--target', target, '--outfile', outfile], {
        cwd: ROOT,
        stderr: 'pipe',
      });
      const complaints = await new Response(build.stderr).text();
      expect([await build.exited, complaints]).toEqual([0, '']);
      const file = readFileSync(outfile);
      expect(machineOf(file)).toEqual(machine);
      for (const text of ['Guildhall listens on', 'guildhall_turn_seconds']) expect(file.includes(text)).toBe(true);
      rmSync(outfile);
    },
    BUILD_MS,
  );
});
