/** The entry point: the command line, and how the core starts and stops. */
import { text } from 'node:stream/consumers';
import { askSocket } from './cli/admin-socket.ts';
import { runCli } from './cli/cli.ts';
import type { Handle, Powers } from './cli/command.ts';
import { type Running, startServer } from './supervise.ts';

/** Runs until SIGINT or SIGTERM, or until the store's threads die: then the process must start again. */
const serve: Powers['serve'] = async (config, started) => {
  const running = await startServer(config, { ownListeners: false, publicListener: true });
  await untilStopped(running, () => started({ port: running.port }));
};

const serveData: Powers['serveData'] = async (config, started) => {
  const { startData } = await import('./data-node.ts');
  const running = await startData(config);
  await untilStopped(running, () => started(running));
};

const copy: Powers['copy'] = async (config, request, saw) => {
  const [{ copyStore }, { clusterOf }] = await Promise.all([import('./copy.ts'), import('./open-store.ts')]);
  return copyStore({ ...request, cluster: clusterOf(config) }, saw);
};

async function untilStopped(running: Pick<Running, 'failed' | 'stop'>, started: () => Promise<void>): Promise<void> {
  try {
    await started();
    const why = await Promise.race([signalled(), running.failed]);
    if (why instanceof Error) throw why;
  } finally {
    await running.stop();
  }
}

const withCore: Powers['withCore'] = async (config, use) => {
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
    const answer = await askSocket(adminSocket, new URL(request.url).pathname, await request.text());
    if (answer === null) throw new Error('the core does not answer');
    return new Response(answer.text, { status: answer.status, headers: { 'content-type': 'application/json' } });
  };
}

function signalled(): Promise<null> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve(null));
  });
}

const { stdin, stdout, stderr } = process;
const readInput = (): Promise<string> => text(stdin);
process.exitCode = await runCli(process.argv.slice(2), { serve, serveData, copy, withCore, readInput, stdout, stderr });
