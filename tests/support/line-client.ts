/** A client program of its own process (node or python), spoken to in lines of JSON on its standard input and output. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Inbox } from './inbox.ts';

/** What a client says by itself; the fields depend on `event`. */
export interface ClientEvent {
  readonly event: string;
  readonly [field: string]: unknown;
}

interface Reply {
  readonly reply: number;
  readonly value?: unknown;
  readonly error?: string;
}

const STDERR_LINES = 40;

export class LineClient implements AsyncDisposable {
  readonly events = new Inbox<ClientEvent>((event) => JSON.stringify(event).slice(0, 200));
  readonly #child: ChildProcess;
  readonly #replies = new Inbox<Reply>((reply) => JSON.stringify(reply).slice(0, 200));
  readonly #stderr: string[] = [];
  readonly #ended: Promise<void>;
  #asked = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    createInterface({ input: child.stdout! }).on('line', (line) => this.#hear(line));
    createInterface({ input: child.stderr! }).on('line', (line) => {
      this.#stderr.push(line);
      if (this.#stderr.length > STDERR_LINES) this.#stderr.shift();
    });
    this.#ended = new Promise((resolve) => {
      child.once('error', (error) => this.#end(`it did not start: ${error.message}`, resolve));
      child.once('close', (code, signal) => this.#end(`it ended with ${code ?? signal}`, resolve));
    });
  }

  static start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): LineClient {
    // Only what a program needs to start: the test's own variables must not steer the library under test.
    const { PATH = '', HOME = '', LANG = 'C.UTF-8' } = process.env;
    const child = spawn(command, args, { env: { PATH, HOME, LANG, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    child.stdin.on('error', () => undefined);
    return new LineClient(child);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it wrote to its standard error lately. */
  get complaints(): string {
    return this.#stderr.join('\n');
  }

  /** Has the client do something; resolves with its answer. */
  async ask<T>(act: string, args: Readonly<Record<string, unknown>> = {}, ms = 20_000): Promise<T> {
    this.#asked += 1;
    const id = this.#asked;
    this.#child.stdin!.write(`${JSON.stringify({ ask: id, act, args })}\n`);
    const reply = await this.#replies.until(`the answer to ${act}`, (it) => it.reply === id, { ms });
    if (reply.error !== undefined) throw new Error(`${act}: ${reply.error}\n${this.complaints}`);
    return reply.value as T;
  }

  until(
    event: string,
    matches: (event: ClientEvent) => boolean = () => true,
    options: { from?: number; ms?: number } = {},
  ): Promise<ClientEvent> {
    return this.events.until(`the client's ${event}`, (it) => it.event === event && matches(it), options);
  }

  /** Everything of one kind so far. */
  all(event: string): ClientEvent[] {
    return this.events.items.filter((it) => it.event === event);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  #hear(line: string): void {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      parsed = { event: 'line', text: line };
    }
    if (typeof parsed !== 'object' || parsed === null) return;
    if ('reply' in parsed) this.#replies.push(parsed as Reply);
    else if ('event' in parsed) this.events.push(parsed as ClientEvent);
  }

  #end(why: string, resolve: () => void): void {
    const error = new Error(`${why}\n${this.complaints}`);
    this.events.end(error);
    this.#replies.end(error);
    resolve();
  }
}
