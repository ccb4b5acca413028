/** Readers and writers of channels, a process of its own: each loops, with one request under way. Asked in lines of JSON. */
import { createInterface } from 'node:readline';
import { seededRandom } from '../src/base/random.ts';

export interface Group {
  readonly name: string;
  readonly channels: readonly string[];
  /** Channel n is taken as often as 1/n^exponent says; 0: all alike. */
  readonly exponent: number;
  /** Loops at once. */
  readonly readers: number;
  /** Of each channel, ids that a page may begin before, one of them by chance; absent: the newest page. */
  readonly before?: readonly (readonly string[])[];
  /** After so many reads the group has done its part; absent: it goes on until the others have. */
  readonly reads?: number;
  /** Of so many requests one is a message; absent: none. */
  readonly oneWriteIn?: number;
}

export interface LoadAsk {
  /** Up to `/channels`. */
  readonly url: string;
  readonly tokens: readonly string[];
  readonly groups: readonly Group[];
  readonly seed: number;
}

export interface GroupAnswer {
  readonly name: string;
  /** Milliseconds of each read, ascending. */
  readonly readMs: readonly number[];
  readonly writes: number;
  /** Requests that the server, having too much to do, has sent away; they came again. */
  readonly refused: number;
}

const PAUSE_MS = 100;

/** Draws 0..n-1. */
function zipf(n: number, exponent: number, unit: () => number): () => number {
  const sums: number[] = [];
  for (let at = 1, sum = 0; at <= n; at += 1) {
    sum += 1 / at ** exponent;
    sums.push(sum);
  }
  return () => {
    const drawn = unit() * (sums.at(-1) ?? 0);
    let [low, high] = [0, n - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) > drawn) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}

/** False: the server sheds load. */
async function request(url: string, authorization: string, body: string | null): Promise<boolean> {
  const headers = { authorization, ...(body !== null && { 'content-type': 'application/json' }) };
  const response = await fetch(url, body === null ? { headers } : { method: 'POST', headers, body });
  await response.arrayBuffer();
  if (response.ok) return true;
  if (response.status !== 429 && response.status !== 503) throw new Error(`${url}: ${response.status}`);
  await Bun.sleep(PAUSE_MS);
  return false;
}

async function load({ url, tokens, groups, seed }: LoadAsk): Promise<GroupAnswer[]> {
  const { unit } = seededRandom(seed);
  const oneOf = <T>(all: readonly T[]): T | undefined => all[Math.floor(unit() * all.length)];
  let working = groups.filter(({ reads }) => reads !== undefined).length;
  const runs = groups.map(async ({ name, channels, exponent, readers, before, reads, oneWriteIn }) => {
    const draw = zipf(channels.length, exponent, unit);
    const readMs: number[] = [];
    let [begun, writes, refused] = [0, 0, 0];
    const loop = async (): Promise<void> => {
      while (reads === undefined ? working > 0 : begun < reads) {
        begun += 1;
        const channel = draw();
        const path = `${url}/channels/${channels[channel]}/messages`;
        const token = oneOf(tokens) ?? '';
        if (oneWriteIn !== undefined && begun % oneWriteIn === 0) {
          writes += 1;
          while (!(await request(path, token, '{"content":"one more"}'))) refused += 1;
          continue;
        }
        const older = oneOf(before?.[channel] ?? []);
        const started = performance.now();
        const isDone = await request(`${path}?limit=50${older === undefined ? '' : `&before=${older}`}`, token, null);
        if (isDone) readMs.push(performance.now() - started);
        else refused += 1;
      }
    };
    await Promise.all(Array.from({ length: readers }, loop));
    if (reads !== undefined) working -= 1;
    return { name, readMs: readMs.sort((a, b) => a - b), writes, refused };
  });
  return Promise.all(runs);
}

/** So many messages into each channel. */
async function fill(ask: {
  url: string;
  token: string;
  channels: readonly string[];
  messages: number;
}): Promise<number> {
  const { url, token, channels, messages } = ask;
  let at = 0;
  const content = JSON.stringify({ content: 'x'.repeat(200) });
  const loop = async (): Promise<void> => {
    while (at < channels.length * messages) {
      const path = `${url}/channels/${channels[at % channels.length]}/messages`;
      at += 1;
      while (!(await request(path, token, content)));
    }
  };
  await Promise.all(Array.from({ length: 64 }, loop));
  return at;
}

const ACTS: Readonly<Record<string, (args: never) => unknown>> = { load, fill };

createInterface({ input: process.stdin }).on('line', async (line) => {
  const { ask, act, args } = JSON.parse(line) as { ask: number; act: string; args: never };
  try {
    process.stdout.write(`${JSON.stringify({ reply: ask, value: await ACTS[act]?.(args) })}\n`);
  } catch (error) {
    process.stdout.write(`${JSON.stringify({ reply: ask, error: String(error) })}\n`);
  }
});
