/** `guildhall serve` as a process of its own: what can be killed with signal 9, and whose CPU can be counted. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Inbox } from './inbox.ts';
import type { Served } from './town.ts';

const ROOT = join(import.meta.dir, '..', '..');
/** The program as it lies here; a test of the binary says another one. */
export const FROM_SOURCE: readonly string[] = [process.execPath, join(ROOT, 'src/main.ts')];
const STDERR_LINES = 40;
/** A server on a cluster makes its tables first, and may have to wait for the lease of one that died. */
const START_MS = 150_000;

export class ServerProcess implements Served, AsyncDisposable {
  readonly ownPorts: readonly number[] = [];
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #lines = new Inbox<string>((line) => line);
  readonly #stderr: string[] = [];
  #port = 0;

  private constructor(
    child: ChildProcess,
    readonly dataDir: string,
    readonly group: boolean,
  ) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#lines.push(line));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#stderr.push(line);
      if (this.#stderr.length > STDERR_LINES) this.#stderr.shift();
    });
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#lines.end(new Error(`the server ended with ${code ?? signal}\n${this.#stderr.join('\n')}`));
        resolve();
      });
    });
  }

  /** `flags`: `['--workers', '2']`. Resolves when it serves. `program`: what is started, up to the command's own words. */
  static start(
    dataDir: string,
    flags: readonly string[] = [],
    program: readonly string[] = FROM_SOURCE,
  ): Promise<ServerProcess> {
    return ServerProcess.#open(dataDir, [...program, 'serve'], flags, false);
  }

  /** A command that starts the server as a child of its own and says `serve` itself: `['deno', 'task', 'start']`. */
  static startBy(command: readonly string[], dataDir: string, flags: readonly string[] = []): Promise<ServerProcess> {
    return ServerProcess.#open(dataDir, command, flags, true);
  }

  static async #open(
    dataDir: string,
    [file = '', ...words]: readonly string[],
    flags: readonly string[],
    group: boolean,
  ): Promise<ServerProcess> {
    const own = ['--json', '--port', '0', '--host', '127.0.0.1', '--data-dir', dataDir];
    const child = spawn(file, [...words, ...own, ...flags], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: group,
    });
    const server = new ServerProcess(child, dataDir, group);
    const line = await server.#lines.until('the server to listen', (it) => it.includes('"port"'), { ms: START_MS });
    server.#port = (JSON.parse(line) as { port: number }).port;
    return server;
  }

  get port(): number {
    return this.#port;
  }

  get adminSocket(): string {
    return join(this.dataDir, 'guildhall.sock');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves with its exit code; null: a signal ended it. */
  async ended(): Promise<number | null> {
    await this.#ended;
    return this.#child.exitCode;
  }

  /** What it wrote to its standard error lately. */
  get complaints(): string {
    return this.#stderr.join('\n');
  }

  /** As a debugger or a machine that sleeps would: it does nothing until it is continued. */
  pause(): void {
    this.#child.kill('SIGSTOP');
  }

  resume(): void {
    this.#child.kill('SIGCONT');
  }

  /** It has no time to say anything. */
  async kill(): Promise<void> {
    // A group of its own has the number of its first process; that one's children are killed with it.
    if (this.group && this.#child.exitCode === null && this.#child.signalCode === null)
      process.kill(-this.pid, 'SIGKILL');
    else this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  killWorker(): Promise<void> {
    return Promise.reject(new Error('the workers of another process are out of reach'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
