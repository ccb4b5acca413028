/** The other end of the benchmark, a process of its own: many sockets that count, and the one who posts. Asked in lines of JSON. */
import { createInterface } from 'node:readline';
import { type CountingSocket, type Counts, type Cursor, openCounting } from './counting-socket.ts';

export interface ConnectAsk {
  readonly port: number;
  readonly sessions: number;
  /** Sessions take them in turn. */
  readonly tokens: readonly string[];
  /** To be resumed later. */
  readonly follow?: boolean;
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

export interface LatencyAsk extends Pick<RoundAsk, 'url' | 'authorization' | 'body' | 'messages'> {
  /** Between the last delivery of a message and the next POST. */
  readonly pauseMs: number;
}

export interface PagesAsk {
  /** Up to the id that a page ends before. */
  readonly url: string;
  readonly authorization: string;
  readonly before: readonly string[];
  readonly inFlight: number;
}

const BATCH = 100;
const STEP_MS = 60_000;

const counts: Counts = { messages: 0, readies: 0, resumes: 0, lost: 0, sample: null, changed: () => undefined };
const sockets: CountingSocket[] = [];
/** Of the sockets, in their order; empty if they are not followed. */
const cursors: Cursor[] = [];

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

async function connect({ port, sessions, tokens, follow = false }: ConnectAsk): Promise<number> {
  const before = counts.readies - sockets.length;
  while (sockets.length < sessions) {
    const batch = Array.from({ length: Math.min(BATCH, sessions - sockets.length) }, (_, n) => {
      const cursor = follow ? { sessionId: '', seq: 0 } : null;
      if (cursor !== null) cursors.push(cursor);
      return openCounting(port, identify(tokens[(sockets.length + n) % tokens.length] ?? ''), counts, cursor);
    });
    sockets.push(...(await Promise.all(batch)));
    await until('READY', () => counts.readies - before >= sockets.length);
  }
  return sockets.length;
}

/** Cuts every line; the sessions stay with the server for a while. */
function cut(): number {
  for (const socket of sockets) socket.cut();
  return sockets.splice(0).length;
}

/** Every session that was cut goes on over a new socket. */
async function resume({ port, tokens }: ConnectAsk): Promise<number> {
  const before = counts.resumes;
  while (sockets.length < cursors.length) {
    const batch = cursors.slice(sockets.length, sockets.length + BATCH).map((cursor, n) => {
      const token = tokens[(sockets.length + n) % tokens.length] ?? '';
      const d = { token, session_id: cursor.sessionId, seq: cursor.seq };
      return openCounting(port, JSON.stringify({ op: 6, d }), counts, cursor);
    });
    sockets.push(...(await Promise.all(batch)));
    await until('RESUMED', () => counts.resumes - before >= sockets.length);
  }
  return counts.resumes - before;
}

/** Milliseconds from a POST to its last delivery, of messages one after the other. */
async function latencies({ url, authorization, body, messages, pauseMs }: LatencyAsk): Promise<number[]> {
  const taken: number[] = [];
  for (let posted = 0; posted < messages; posted += 1) {
    const all = counts.messages + sockets.length;
    const start = performance.now();
    const answered = post(url, authorization, body);
    await until('the last delivery', () => counts.messages >= all);
    taken.push(performance.now() - start);
    await answered;
    await Bun.sleep(pauseMs);
  }
  return taken;
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

/** Reads a page before each of the ids; the number of messages that came. */
async function pages({ url, authorization, before, inFlight }: PagesAsk): Promise<number> {
  let [next, came] = [0, 0];
  const reader = async (): Promise<void> => {
    for (let id = before[next]; id !== undefined; id = before[next]) {
      next += 1;
      const response = await fetch(`${url}${id}`, { headers: { authorization } });
      const text = await response.text();
      if (!response.ok) throw new Error(`GET ${url}${id}: ${response.status} ${text}`);
      came += (JSON.parse(text) as readonly unknown[]).length;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, reader));
  return came;
}

/** Keeps the sessions alive between rounds; followed ones say what they have, as clients do. */
function beat(): number {
  sockets.forEach((socket, n) => {
    socket.send(JSON.stringify({ op: 1, d: cursors[n]?.seq ?? null }));
  });
  return sockets.length;
}

const ACTS: Readonly<Record<string, (args: never) => unknown>> = {
  connect,
  cut,
  resume,
  latencies,
  round,
  pages,
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
