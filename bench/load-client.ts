/** The other end of the benchmark, a process of its own: many sockets that count, and the one who posts. Asked in lines of JSON. */
import { createInterface } from 'node:readline';
import { type CountingSocket, type Counts, openCounting } from './counting-socket.ts';

export interface ConnectAsk {
  readonly port: number;
  readonly sessions: number;
  /** Sessions take them in turn. */
  readonly tokens: readonly string[];
}

export interface RoundAsk {
  readonly url: string;
  readonly authorization: string;
  readonly body: string;
  readonly messages: number;
  /** Posted, and not yet at every session. */
  readonly inFlight: number;
}

export interface RoundAnswer {
  readonly deliveries: number;
  readonly wallMs: number;
}

const BATCH = 100;
const STEP_MS = 60_000;

const counts: Counts = { messages: 0, readies: 0, lost: 0, sample: null, changed: () => undefined };
const sockets: CountingSocket[] = [];

/** Asks `done` again whenever a socket has read something. */
async function until(what: string, done: () => boolean): Promise<void> {
  if (done()) return;
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => end(new Error(`${what} took more than ${STEP_MS} ms`)), STEP_MS);
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      counts.changed = () => undefined;
      if (error === null) resolve();
      else reject(error);
    };
    counts.changed = () => {
      if (counts.lost > 0) end(new Error(`${counts.lost} sockets were lost while waiting for ${what}`));
      else if (done()) end(null);
    };
  });
}

const identify = (token: string): string =>
  JSON.stringify({ op: 2, d: { token, properties: { os: 'linux', browser: 'bench', device: 'bench' } } });

async function connect({ port, sessions, tokens }: ConnectAsk): Promise<number> {
  while (sockets.length < sessions) {
    const batch = Array.from({ length: Math.min(BATCH, sessions - sockets.length) }, (_, n) =>
      openCounting(port, identify(tokens[(sockets.length + n) % tokens.length] ?? ''), counts),
    );
    sockets.push(...(await Promise.all(batch)));
    await until('READY', () => counts.readies >= sockets.length);
  }
  return counts.readies;
}

async function round({ url, authorization, body, messages, inFlight }: RoundAsk): Promise<RoundAnswer> {
  const before = counts.messages;
  const start = performance.now();
  const arrived = (): number => Math.floor((counts.messages - before) / sockets.length);
  const posts: Promise<void>[] = [];
  for (let posted = 0; posted < messages; posted += 1) {
    await until('room for a message', () => posted - arrived() < inFlight);
    posts.push(post(url, authorization, body));
  }
  await Promise.all(posts);
  await until('the last message', () => arrived() >= messages);
  return { deliveries: counts.messages - before, wallMs: performance.now() - start };
}

async function post(url: string, authorization: string, body: string): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
}

/** Keeps the sessions alive between rounds. */
function beat(): number {
  for (const socket of sockets) socket.send('{"op":1,"d":null}');
  return sockets.length;
}

const ACTS: Readonly<Record<string, (args: never) => unknown>> = {
  connect,
  round,
  beat,
  sample: () => counts.sample,
};

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { ask, act, args } = JSON.parse(line) as { ask: number; act: string; args: never };
  try {
    const value = (await ACTS[act]?.(args)) ?? null;
    process.stdout.write(`${JSON.stringify({ reply: ask, value })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ reply: ask, error: String(error) })}\n`);
  }
});
