/**
 * Makes dist/guildhall: one executable with the runtime, the program and the files of its threads inside (`npm run build`).
 *
 *     npm run build -- [--target bun-linux-arm64] [--outfile PATH]
 *
 * For another system the runtime comes from npm, as the same version that is pinned here; bun's own way would fetch it from elsewhere.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import manifest from '../package.json' with { type: 'json' };

const root = fileURLToPath(new URL('..', import.meta.url));
/** Every file that a thread of its own runs. */
const ENTRIES = [
  'main',
  'worker',
  'store/sqlite/writer-thread',
  'store/sqlite/reader-thread',
  'store/cql/store-thread',
];
/** Target -> package of the runtime. */
const RUNTIMES: Readonly<Partial<Record<string, string>>> = {
  'bun-linux-x64': '@oven/bun-linux-x64',
  'bun-linux-arm64': '@oven/bun-linux-aarch64',
  'bun-darwin-x64': '@oven/bun-darwin-x64',
  'bun-darwin-arm64': '@oven/bun-darwin-aarch64',
};
const HERE = `bun-${process.platform}-${process.arch}`;

function run(command: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
}

/** Path of the runtime of another system; `folder` takes the files. */
function fetchRuntime(target: string, folder: string): string {
  const name = RUNTIMES[target];
  if (name === undefined)
    throw new Error(`--target is ${target}; it must be one of: ${Object.keys(RUNTIMES).join(', ')}`);
  const version = manifest.dependencies.bun;
  const packed = run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', folder]).trim();
  run('tar', ['-xzf', join(folder, basename(packed)), '-C', folder]);
  return join(folder, 'package', 'bin', 'bun');
}

async function build(target: string, outfile: string, folder: string): Promise<void> {
  const made = await Bun.build({
    entrypoints: ENTRIES.map((name) => join(root, 'src', `${name}.ts`)),
    target: 'bun',
    // In one folder: what a bundle says of its place is the place of the executable, so `./x.ts` from there must lead to each of them.
    naming: { entry: '[name].[ext]' },
    sourcemap: 'inline',
    compile: {
      target: target as Bun.Build.CompileTarget,
      outfile: join(folder, 'guildhall'),
      ...(target === HERE ? {} : { executablePath: fetchRuntime(target, folder) }),
      // Files that happen to lie where it is started are not its own.
      autoloadDotenv: false,
      autoloadBunfig: false,
    },
  });
  for (const message of made.logs) process.stderr.write(`${message.message}\n`);
  run('mkdir', ['-p', resolve(outfile, '..')]);
  run('mv', [join(folder, 'guildhall'), outfile]);
}

const { values } = parseArgs({ options: { target: { type: 'string' }, outfile: { type: 'string' } } });
const target = values.target ?? HERE;
const outfile = resolve(
  root,
  values.outfile ?? (target === HERE ? 'dist/guildhall' : `dist/guildhall-${target.slice(4)}`),
);
const folder = mkdtempSync(join(tmpdir(), 'guildhall-build-'));
try {
  await build(target, outfile, folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.stdout.write(`${outfile} (${target}, ${(statSync(outfile).size / 1e6).toFixed(1)} MB)\n`);
