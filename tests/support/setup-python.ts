/**
 * Makes a Python of the tests' own with discord.py and gRPC in it, in the user's cache: `bun tests/support/setup-python.ts`.
 * Without Python on this machine its tests are skipped, loudly; with CI=true that is a failure.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

const REQUIREMENTS = join(import.meta.dir, 'python-requirements.txt');
/** Names the interpreter and proves that it can make environments. */
const PROBE = 'import sys, venv, ensurepip; print(sys.executable, sys.version)';
/** Written when the environment is whole. */
const DONE = 'guildhall-complete';

/** Path of a Python that has discord.py and grpc; null: there is none to make it from. Throws if it could not be made. */
export async function setupPython(): Promise<string | null> {
  const probe = Bun.which('python3') === null ? null : Bun.spawnSync(['python3', '-c', PROBE]);
  if (probe === null || probe.exitCode !== 0)
    return withoutPython(probe?.stderr.toString() ?? 'no python3 in the path');
  const place = join(cacheDir(), `python-${hashOf(probe.stdout.toString(), readFileSync(REQUIREMENTS, 'utf8'))}`);
  const python = join(place, 'bin', 'python');
  if (existsSync(join(place, DONE))) return python;
  await rm(place, { recursive: true, force: true });
  await mkdir(place, { recursive: true });
  await run(['python3', '-m', 'venv', place]);
  await run([python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS]);
  await run([python, '-c', 'import discord, grpc_tools']);
  await writeFile(join(place, DONE), '');
  return python;
}

function withoutPython(why: string): null {
  const sentence = `discord.py and gRPC from Python are not tested: python3 with venv is missing (${why.trim().split('\n').at(-1)})`;
  if (process.env.CI === 'true') throw new Error(sentence);
  console.warn(`\n*** ${sentence} ***\n`);
  return null;
}

function cacheDir(): string {
  const cache = process.env.XDG_CACHE_HOME;
  return join(cache === undefined || cache === '' ? join(homedir(), '.cache') : cache, 'guildhall');
}

const hashOf = (...parts: readonly string[]): string =>
  createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);

async function run(command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: 'ignore', stderr: 'pipe' });
  const complaints = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')} failed:\n${complaints}`);
}

if (import.meta.main) await setupPython();
