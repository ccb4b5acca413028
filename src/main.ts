/** The entry point: the command line, and how the core starts and stops. */
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import type { LogFields } from './base/log.ts';
import type { Handle, Powers } from './cli/command.ts';
import type { Running } from './supervise.ts';

const LASTING: readonly (string | undefined)[] = ['serve', 'data'];
/** Before anything else is loaded: until it listens to it, a signal ends the process out of order, or is lost on the first one of a container. */
const stop = LASTING.includes(process.argv[2]) ? stopSignal() : null;

/** Runs until SIGINT or SIGTERM, or until the store's threads die: then the process must start again. */
const serve: Powers['serve'] = async (config, started) => {
  const [{ startServer }, { storePlace }] = await Promise.all([import('./supervise.ts'), import('./store-place.ts')]);
  // Nobody finds a server that is not filled yet: a bot whose token it does not know would be turned away for good.
  const publicListener = config.seed === null ? true : 'held';
  const running = await startServer(config, { ownListeners: false, publicListener });
  const { host, store, dataDir } = config;
  const { dataAddress, ownPorts } = running;
  const where = { store, storePlace: storePlace(config), dataDir };
  const at = { ...where, workers: ownPorts.length, ...(dataAddress !== null && { dataAddress }) };
  const open = async () => {
    await running.open();
    return { port: running.port, dataAddress };
  };
  await untilStopped(
    running,
    'server',
    () => ({ host, port: running.port, ...at }),
    () => started(open),
  );
};

const serveData: Powers['serveData'] = async (config, started) => {
  const [{ startData }, { storePlace }] = await Promise.all([import('./data-node.ts'), import('./store-place.ts')]);
  const running = await startData(config);
  const { store, dataDir } = config;
  const at = { address: running.address, store, storePlace: storePlace(config), dataDir };
  await untilStopped(running, 'data service', () => at, started);
};

const copy: Powers['copy'] = async (config, request, saw) => {
  const [{ copyStore }, { clusterOf }] = await Promise.all([import('./copy.ts'), import('./open-store.ts')]);
  return copyStore({ ...request, cluster: clusterOf(config) }, saw);
};

/** Told to stop while it started, it says nothing and stops in order. Whoever reads the log sees where each run begins, and why it ends. */
async function untilStopped<T extends Pick<Running, 'failed' | 'stop'>>(
  running: T,
  what: string,
  at: () => LogFields,
  started: (running: T) => Promise<void>,
): Promise<void> {
  try {
    if (stop?.aborted) return;
    await started(running);
    const [{ log }, { default: manifest }] = await Promise.all([
      import('./base/log.ts'),
      import('../package.json', { with: { type: 'json' } }),
    ]);
    log.info(`the ${what} runs`, { version: manifest.version, ...at() });
    const why = await Promise.race([aborted(stop), running.failed]);
    if (!(why instanceof Error)) return log.info(`the ${what} stops`, { why });
    log.error(`the ${what} stops`, { why: 'fault', error: why });
    throw why;
  } finally {
    await running.stop();
  }
}

const withCore: Powers['withCore'] = async (config, use) => {
  const { startServer } = await import('./supervise.ts');
  const running = await startServer({ ...config, workers: 1 }, { ownListeners: false, publicListener: false });
  try {
    return await use(handleOf(running));
  } finally {
    await running.stop();
  }
};

/** The same way in as beside a running server. */
function handleOf({ adminSocket }: Running): Handle {
  return async (request) => {
    const { askSocket } = await import('./cli/admin-socket.ts');
    const answer = await askSocket(adminSocket, new URL(request.url).pathname, await request.text());
    if (answer === null) throw new Error('the core does not answer');
    return new Response(answer.text, { status: answer.status, headers: { 'content-type': 'application/json' } });
  };
}

/**
 * Of the first SIGINT or SIGTERM, whose name is the reason. What follows soon after is the same wish: Ctrl-C in a terminal reaches the server itself, and
 * once more by the npm above it. A later one is a new wish, and ends the process at once.
 */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const hear = (signal: NodeJS.Signals): void => controller.abort(signal);
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, hear);
  const heedNoMore = async (): Promise<void> => {
    const { LIMITS } = await import('./limits.ts');
    await pause(LIMITS.sameWishMs, undefined, { ref: false });
    for (const signal of signals) process.off(signal, hear);
  };
  controller.signal.addEventListener('abort', () => void heedNoMore(), { once: true });
  return controller.signal;
}

/** -> the reason. */
function aborted(signal: AbortSignal | null): Promise<string> {
  return new Promise((resolve) => {
    const told = (): void => resolve(String(signal?.reason));
    if (signal?.aborted) told();
    else signal?.addEventListener('abort', told, { once: true });
  });
}

const { runCli } = await import('./cli/cli.ts');
const { stdin, stdout, stderr } = process;
const readInput = (): Promise<string> => text(stdin);
process.exitCode = await runCli(process.argv.slice(2), {
  ...{ serve, serveData, copy, withCore },
  ...{ pause: (ms: number) => pause(ms), readInput, stdout, stderr },
});
