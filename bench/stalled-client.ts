/** The other end of `bench/stalled.ts`, a process of its own: sockets that read, sockets that can be stalled, and the one who posts. Lines of JSON. */
import { createInterface } from 'node:readline';
import { type CountingSocket, type Counts, openCounting } from './counting-socket.ts';

export interface ConnectAsk {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly readers: number;
  readonly stalled: number;
}

export interface BurstAsk {
  readonly url: string;
  readonly authorization: string;
  readonly body: string;
  /** One after the other: the next is posted when every reader has the one before, and `pauseMs` have passed. */
  readonly messages: number;
  readonly pauseMs: number;
}

export interface BurstAnswer {
  readonly deliveries: number;
  /** Milliseconds from a POST to the frame at one reader, over all messages and readers. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface WakeAnswer {
  /** Stalled sockets that have had every message; and those that the server has cut. */
  readonly whole: number;
  readonly cut: number;
}

const BATCH = 100;
const STEP_MS = 60_000;

interface Group {
  readonly sockets: CountingSocket[];
  readonly counts: Counts;
}

const newGroup = (): Group => ({
  sockets: [],
  counts: { messages: 0, readies: 0, resumes: 0, lost: 0, sample: null, changed: () => undefined },
});

const readers = newGroup();
const stalled = newGroup();
/** MESSAGE_CREATE frames that every socket should have had by now. */
let posted = 0;

/** Asks `done` again whenever a socket of the group has read something or ended. */
async function until(what: string, { counts }: Group, done: () => boolean): Promise<void> {
  if (done()) return;
  await new Promise<void>((resolve, reject) => {
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      counts.changed = () => undefined;
      if (error === null) resolve();
      else reject(error);
    };
    const timer = setTimeout(() => end(new Error(`${what} took more than ${STEP_MS} ms`)), STEP_MS);
    counts.changed = () => {
      try {
        if (done()) end(null);
      } catch (error) {
        end(error as Error);
      }
    };
  });
}

const identify = (token: string): string =>
  JSON.stringify({ op: 2, d: { token, properties: { os: 'linux', browser: 'bench', device: 'bench' } } });

async function connect({ port, tokens, readers: reading, stalled: stalling }: ConnectAsk): Promise<number> {
  for (const [group, wanted] of [
    [readers, reading],
    [stalled, stalling],
  ] as const) {
    const { sockets, counts } = group;
    while (sockets.length < wanted) {
      const batch = Array.from({ length: Math.min(BATCH, wanted - sockets.length) }, (_, n) =>
        openCounting(port, identify(tokens[(sockets.length + n) % tokens.length] ?? ''), counts),
      );
      sockets.push(...(await Promise.all(batch)));
      await until('READY', group, () => counts.readies >= sockets.length);
    }
  }
  return readers.sockets.length + stalled.sockets.length;
}

async function post({ url, authorization, body }: BurstAsk): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization };
  const response = await fetch(url, { method: 'POST', headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${url}: ${response.status} ${text}`);
}

/** Every reader gets every message, or this throws. */
async function burst(ask: BurstAsk): Promise<BurstAnswer> {
  const { counts, sockets } = readers;
  const taken = new Float64Array(ask.messages * sockets.length);
  let deliveries = 0;
  for (let n = 0; n < ask.messages; n += 1) {
    posted += 1;
    const all = posted * sockets.length;
    const start = performance.now();
    const answered = post(ask);
    let seen = counts.messages;
    await until('the last delivery', readers, () => {
      const took = performance.now() - start;
      for (; seen < counts.messages; seen += 1) taken[deliveries++] = took;
      if (counts.lost > 0) throw new Error(`${counts.lost} readers were cut`);
      return seen >= all;
    });
    await answered;
    await Bun.sleep(ask.pauseMs);
  }
  const sorted = taken.subarray(0, deliveries).sort();
  const quantile = (part: number): number =>
    sorted[Math.min(deliveries - 1, Math.floor(deliveries * part))] ?? Number.NaN;
  return { deliveries, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

function stall(): number {
  for (const socket of stalled.sockets) socket.stall();
  return stalled.sockets.length;
}

/** The stalled read again, until each has all that was posted or is found to be cut. */
async function wake(): Promise<WakeAnswer> {
  const { counts, sockets } = stalled;
  for (const socket of sockets) socket.wake();
  const all = posted * sockets.length;
  await until('what the stalled are owed', stalled, () => counts.lost > 0 || counts.messages >= all);
  return { whole: Math.floor(counts.messages / posted), cut: counts.lost };
}

/** Keeps the sessions alive; a client that does not read may still speak. */
function beat(): number {
  for (const { sockets } of [readers, stalled]) for (const socket of sockets) socket.send('{"op":1,"d":null}');
  return readers.sockets.length;
}

const ACTS: Readonly<Record<string, (args: never) => unknown>> = { connect, burst, stall, wake, beat };

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { ask, act, args } = JSON.parse(line) as { ask: number; act: string; args: never };
  try {
    const value = (await ACTS[act]?.(args)) ?? null;
    process.stdout.write(`${JSON.stringify({ reply: ask, value })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ reply: ask, error: String(error) })}\n`);
  }
});
