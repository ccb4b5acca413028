/** Two servers of one bench, measured in turns with load clients of the same kind, so that a busy moment of the machine hits both. */
import { join } from 'node:path';
import { LineClient } from '../tests/support/line-client.ts';
import type { ServerProcess } from '../tests/support/server-process.ts';
import { loadClient, median, rounded } from './crowd.ts';
import type { ConnectAsk, RoundAnswer, RoundAsk } from './load-client.ts';
import { cpuMsOf } from './process-cpu.ts';

const ROUNDS = 5;
export const ASK_MS = 60_000;

/** A server that is measured, with a load client of its own. */
export interface Target {
  readonly name: 'guildhall' | 'raw';
  readonly pid: number;
  readonly client: LineClient;
}

export interface Round {
  readonly units: number;
  readonly wallMs: number;
}

export interface Figure {
  readonly cpuMs: number;
  readonly perSecond: number;
  readonly rounds: readonly number[];
}

export interface Figures {
  readonly guildhall: Figure;
  readonly raw: Figure;
  /** How many times the raw server's CPU. */
  readonly timesRaw: number;
}

interface Seen {
  readonly cpu: number[];
  readonly speed: number[];
}

/** CPU of the whole process for each unit: medians over the rounds, of which the first only warms up. */
export async function inTurns<T extends Target>(
  targets: readonly T[],
  round: (target: T) => Promise<Round>,
): Promise<Figures> {
  const seen: Record<Target['name'], Seen> = { guildhall: { cpu: [], speed: [] }, raw: { cpu: [], speed: [] } };
  for (let n = 0; n <= ROUNDS; n += 1) {
    for (const target of targets) {
      const before = cpuMsOf(target.pid);
      const { units, wallMs } = await round(target);
      if (n === 0) continue;
      seen[target.name].cpu.push((cpuMsOf(target.pid) - before) / units);
      seen[target.name].speed.push((units * 1000) / wallMs);
    }
  }
  const figureOf = ({ cpu, speed }: Seen): Figure => ({
    cpuMs: rounded(median(cpu), 5),
    perSecond: Math.round(median(speed)),
    rounds: cpu.map((it) => rounded(it, 5)),
  });
  const [guildhall, raw] = [figureOf(seen.guildhall), figureOf(seen.raw)];
  return { guildhall, raw, timesRaw: rounded(guildhall.cpuMs / raw.cpuMs) };
}

/** Posts of which each is in flight until all sessions have it. */
export async function postRound(
  { client }: Pick<Target, 'client'>,
  ask: RoundAsk,
  unit: 'message' | 'delivery',
): Promise<Round> {
  const { deliveries, wallMs } = await client.ask<RoundAnswer>('round', { ...ask }, ASK_MS);
  return { units: unit === 'message' ? ask.messages : deliveries, wallMs };
}

export const connect = (client: LineClient, ask: ConnectAsk): Promise<unknown> =>
  client.ask('connect', { ...ask }, 2 * ASK_MS);

export const guildhallTarget = ({ pid }: ServerProcess, client: LineClient): Target => ({
  name: 'guildhall',
  pid,
  client,
});

export interface RawTarget extends Target, AsyncDisposable {
  readonly name: 'raw';
  readonly port: number;
  readonly url: string;
}

/** The raw server, in a folder of its own, with a load client of its own. */
export async function startRaw(folder: string): Promise<RawTarget> {
  const server = LineClient.start(process.execPath, [join(import.meta.dir, 'raw-server.ts'), folder], {});
  const client = loadClient();
  const port = Number((await server.until('listening')).port);
  return {
    ...{ name: 'raw', pid: server.pid, client, port, url: `http://127.0.0.1:${port}` },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([client[Symbol.asyncDispose](), server[Symbol.asyncDispose]()]);
    },
  };
}

export async function tellRaw({ url }: RawTarget, path: 'frames' | 'fill', body: unknown): Promise<void> {
  await fetch(`${url}/${path}`, { method: 'POST', body: JSON.stringify(body) });
}
