/** One call of the command line as a process of its own. */
import { spawn } from 'node:child_process';
import { FROM_SOURCE } from './server-process.ts';

const DEADLINE_MS = 20_000;

export interface Ended {
  /** Null: it was killed at the deadline. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** `args`: `['bot', 'add', 'echo', '--guild', 'Home']`. */
export function runCommand(
  dataDir: string,
  args: readonly string[],
  [file = '', ...words]: readonly string[] = FROM_SOURCE,
  deadlineMs = DEADLINE_MS,
): Promise<Ended> {
  const { promise, resolve } = Promise.withResolvers<Ended>();
  const child = spawn(file, [...words, ...args, '--data-dir', dataDir], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  child.once('close', (code) => {
    clearTimeout(timer);
    resolve({ code, stdout, stderr });
  });
  return promise;
}

/** The first command on a directory says so. */
const NEW_STORE = /^no server runs on .*: a new store was made there\n/;

/** What it prints with `--json`. Throws when it fails or prints anything else. */
export async function askCommand<T>(dataDir: string, args: readonly string[], program = FROM_SOURCE): Promise<T> {
  const { code, stdout, stderr } = await runCommand(dataDir, [...args, '--json'], program);
  if (code !== 0 || stderr.replace(NEW_STORE, '') !== '')
    throw new Error(`${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return JSON.parse(stdout) as T;
}
