/** Thousands of HTTP clients at once, each with a socket of its own: what `fetch` would put in a queue. Run as a program it has the sockets in its own process. */
import { createInterface } from 'node:readline';
import { LineClient } from './line-client.ts';

export interface OpenAsk {
  /** Addresses; readers take them in turn, and the tokens too. */
  readonly bases: readonly string[];
  readonly tokens: readonly string[];
  /** Below the version. */
  readonly path: string;
  readonly many: number;
}

/** Answers, most frequent first: equal ones are one line. */
export type Answers = readonly { readonly status: number; readonly body: string; readonly count: number }[];

interface Reader {
  readonly answer: Promise<Got>;
  leave(): void;
}

interface Got {
  readonly status: number;
  readonly body: string;
}

const AT_ONCE = 500;
/** A crowd on a machine that has much else to do. */
export const LONG_MS = 200_000;

/** The test's side. */
export class Crowd implements AsyncDisposable {
  readonly #client = LineClient.start(process.execPath, [import.meta.path], {});

  /** Resolves when all have written their request. */
  open(ask: OpenAsk): Promise<number> {
    return this.#client.ask<number>('open', { ...ask }, LONG_MS);
  }

  /** All go away without waiting. */
  leave(): Promise<number> {
    return this.#client.ask<number>('leave');
  }

  /** When all who were opened since the last time have been answered. */
  answers(): Promise<Answers> {
    return this.#client.ask<Answers>('answers', {}, LONG_MS);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client[Symbol.asyncDispose]();
  }
}

/** GET over a socket that the server closes after its answer. Of HTTP/1.0, so that a long answer comes without chunks. */
async function read(base: string, path: string, token: string): Promise<Reader> {
  const { hostname, port } = new URL(base);
  const { promise, resolve, reject } = Promise.withResolvers<Got>();
  const chunks: Buffer[] = [];
  const asks = `GET /api/v10${path} HTTP/1.0\r\nHost: ${hostname}:${port}`;
  const head = `${asks}\r\nAuthorization: ${token}\r\nConnection: close\r\n\r\n`;
  // Whoever left hears nothing.
  promise.catch(() => {});
  const socket = await Bun.connect({
    hostname,
    port: Number(port),
    socket: {
      open: (opened) => void opened.write(head),
      data: (_socket, chunk) => void chunks.push(Buffer.from(chunk)),
      close: () => resolve(parse(Buffer.concat(chunks))),
      error: (_socket, error) => reject(error),
    },
  });
  return { answer: promise, leave: () => void socket.terminate() };
}

function parse(answer: Buffer): Got {
  const end = answer.indexOf('\r\n\r\n');
  const status = Number(answer.subarray(0, 12).toString().split(' ')[1] ?? 0);
  return { status, body: answer.subarray(end + 4).toString() };
}

let readers: Reader[] = [];

async function open({ bases, tokens, path, many }: OpenAsk): Promise<number> {
  for (let n = 0; n < many; n += AT_ONCE) {
    const some = Array.from({ length: Math.min(AT_ONCE, many - n) }, (_, at) =>
      read(bases[at % bases.length] ?? '', path, tokens[(n + at) % tokens.length] ?? ''),
    );
    readers.push(...(await Promise.all(some)));
  }
  return many;
}

async function answers(): Promise<Answers> {
  const all = await Promise.all(readers.splice(0).map(({ answer }) => answer));
  const counts = new Map<string, Got & { count: number }>();
  for (const { status, body } of all) {
    const known = counts.get(`${status} ${body}`) ?? { status, body, count: 0 };
    known.count += 1;
    counts.set(`${status} ${body}`, known);
  }
  return [...counts.values()].sort((a, b) => b.count - a.count);
}

function leave(): number {
  const left = readers;
  readers = [];
  for (const reader of left) reader.leave();
  return left.length;
}

const ACTS: Readonly<Record<string, (args: never) => unknown>> = { open, answers, leave };

if (import.meta.main) {
  createInterface({ input: process.stdin }).on('line', async (line) => {
    const { ask, act, args } = JSON.parse(line) as { ask: number; act: string; args: never };
    try {
      process.stdout.write(`${JSON.stringify({ reply: ask, value: await ACTS[act]?.(args) })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ reply: ask, error: String(error) })}\n`);
    }
  });
}
