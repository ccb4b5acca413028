/** `guildhall data` as a process of its own: what can be killed, stopped with a signal and started again at the same place. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { realClock } from '../../src/base/clock.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import type { Store } from '../../src/store/ports.ts';
import { CLIENT_LIMITS } from './data-limits.ts';
import { Inbox } from './inbox.ts';
import { FROM_SOURCE } from './server-process.ts';

const START_MS = 20_000;

export class DataProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(
    child: ChildProcess,
    ended: Promise<void>,
    readonly dir: string,
    /** `host:port`. */
    readonly address: string,
    readonly tokenFile: string,
  ) {
    this.#child = child;
    this.#ended = ended;
  }

  /** `address`: `127.0.0.1:0` takes a free port. Resolves when it serves. */
  static async start(dir: string, address = '127.0.0.1:0'): Promise<DataProcess> {
    const [file = '', ...words] = FROM_SOURCE;
    const args = [...words, 'data', '--json', '--data-dir', dir, '--data-listen', address];
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = new Inbox<string>((line) => line);
    const complaints: string[] = [];
    createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
    createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
    const ended = new Promise<void>((resolve) => {
      child.once('close', (code, signal) => {
        lines.end(new Error(`it ended with ${code ?? signal}\n${complaints.slice(-20).join('\n')}`));
        resolve();
      });
    });
    const line = await lines.until('the data server to listen', (it) => it.startsWith('{'), { ms: START_MS });
    const said = JSON.parse(line) as { readonly address: string; readonly tokenFile: string };
    return new DataProcess(child, ended, dir, said.address, said.tokenFile);
  }

  get token(): string {
    return readFileSync(this.tokenFile, 'utf8').trim();
  }

  /** The same address and the same data, after it has ended. */
  startAgain(): Promise<DataProcess> {
    return DataProcess.start(this.dir, this.address);
  }

  connect(limits = CLIENT_LIMITS): Promise<Store> {
    return connectGrpc({ address: this.address, token: this.token, claim: 'us', clock: realClock, limits });
  }

  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(name);
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}
