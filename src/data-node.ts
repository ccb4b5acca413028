/** The data service as a process of its own, or beside a server: opens it on a store as the config says. */
import { type Clock, realClock } from './base/clock.ts';
import { log, setLogLevel } from './base/log.ts';
import { realRandom as random } from './base/random.ts';
import type { Config } from './config.ts';
import { isLoopback } from './data/access.ts';
import { DataServer } from './data/server.ts';
import { dataTokenFileOf, ownDataToken, warnOfOpenToken } from './data-token.ts';
import { printMetrics, processFamilies } from './metrics.ts';
import { openStore } from './open-store.ts';
import { probePort } from './probe-port.ts';
import { newClaim, reachStore } from './reach-store.ts';
import { GuardedStore } from './store/guarded.ts';
import type { StorePorts } from './threads.ts';
import { readDataTls } from './tls-files.ts';
import { DATA_LIMITS, GUARD_LIMITS } from './worker-limits.ts';

export interface RunningData {
  /** `host:port`, with the port that was found. */
  readonly address: string;
  readonly tokenFile: string;
  /** Resolves when it cannot go on: the store's threads died. */
  readonly failed: Promise<Error>;
  stop(): Promise<void>;
}

/** Where `guildhall data` listens when nothing else is said. */
const ADDRESS = '127.0.0.1:7077';

/** Runs the service alone on its store. Rejects with a sentence. */
export async function startData(config: Config, clock: Clock = realClock): Promise<RunningData> {
  setLogLevel(config.logLevel);
  if (config.store === 'memory' || config.store === 'data') {
    throw new Error(`The data service runs on a store of its own, not on --store ${config.store}.`);
  }
  const threads = await openStore(config, clock);
  try {
    const server = await serveData(config, threads.connect(), true, clock);
    const stop = async (): Promise<void> => {
      await server.stop();
      await threads.close();
    };
    return { ...server, failed: threads.died, stop };
  } catch (error) {
    await threads.close();
    throw error;
  }
}

/** `isOnlyWriter` false: a server beside it writes to the store. */
export async function serveData(
  config: Config,
  ports: StorePorts | null,
  isOnlyWriter: boolean,
  clock: Clock,
): Promise<Omit<RunningData, 'failed'>> {
  const { host, port } = splitAddress(config.dataListen ?? ADDRESS);
  const token = ownDataToken(config, isLoopback(host));
  warnOfOpenToken(config, log.warn);
  await probePort(host, port, { port: '--data-listen', host: '--data-listen' });
  const tls = readDataTls(config);
  const reached = await reachStore(config, ports, newClaim(), clock);
  const store = new GuardedStore(reached, { clock, random, limits: GUARD_LIMITS });
  const print = (): Promise<string> =>
    printMetrics(new Map(), 0, [...server.measure(), ...store.measure(), ...processFamilies()]);
  const report = (error: unknown): void => log.error('a call of the data service failed', { error });
  const options = {
    store,
    clock,
    host,
    port,
    token,
    tls,
    isOnlyWriter,
    limits: DATA_LIMITS,
    printMetrics: print,
    report,
  };
  const server = await DataServer.open(options).catch(async (error) => {
    await store.close();
    throw error;
  });
  const stop = async (): Promise<void> => {
    await server.close();
    await store.close();
  };
  const shown = host.includes(':') ? `[${host}]` : host;
  return { address: `${shown}:${server.port}`, tokenFile: dataTokenFileOf(config), stop };
}

/** The config has seen to its form. */
function splitAddress(address: string): { readonly host: string; readonly port: number } {
  const at = address.lastIndexOf(':');
  return { host: address.slice(0, at).replace(/^\[(.*)\]$/, '$1'), port: Number(address.slice(at + 1)) };
}
