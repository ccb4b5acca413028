import { request as httpRequest } from 'node:http';
import { adminSocketOf, type Config } from '../config.ts';
import { readHealth } from '../said-health.ts';
import { closedSocket, readText } from './admin-socket.ts';
import { type Command, CommandError, type Flags, UsageError } from './command.ts';
import { configOptions } from './options.ts';

const WAIT_MS = 4000;
/** Addresses that mean every address of the machine. */
const LOOPBACK: Readonly<Partial<Record<string, string>>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };
/** Nobody listens on the socket: no such file, or one that a dead server left. */
const NOBODY: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ECONNREFUSED', 'FailedToOpenSocket']);

export const health: Command = {
  words: 'health',
  usage: '',
  about:
    'Ask the server on the data directory whether it is well; with --port or --host and no --data-dir, the one that answers there. ' +
    'Ends with 1 unless it is well (health checks of containers).',
  options: configOptions(['port', 'host']),
  says: {
    port: 'port of the server that is asked, when --port or --host is given as a flag',
    host: 'address of the server that is asked, when --port or --host is given as a flag',
  },
  async run({ config, flags, print }) {
    if (flags['data-dir'] !== undefined && namesPlace(flags))
      throw new UsageError('--port and --host ask whoever answers there: give them without --data-dir');
    if (namesPlace(flags)) {
      const url = urlOf(config);
      judge(url, await askPort(url));
      print({ well: true, url }, ['well']);
      return;
    }
    // Another server may hold the port: what listens on the directory's socket is the one that is meant.
    judge(`the server on ${config.dataDir}`, await askSocket(config));
    print({ well: true, dataDir: config.dataDir }, ['well']);
  },
};

const namesPlace = (flags: Flags): boolean => flags.port !== undefined || flags.host !== undefined;

function urlOf({ host, port }: Config): string {
  const address = LOOPBACK[host] ?? (host.includes(':') ? `[${host}]` : host);
  return `http://${address}:${port}/health`;
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

function judge(whom: string, { status, text }: Answer): void {
  if (status >= 200 && status <= 299) return;
  const said = readHealth(text);
  if (said === null) throw new CommandError(`${whom} answers ${status}`);
  const { store, troubles } = said;
  const all = [...(store === 'open' ? [] : [`its store is ${store}`]), ...troubles];
  throw new CommandError(`${whom} is not well: ${all.join('; ')}`);
}

async function askPort(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
    if (!response.ok) return { status: response.status, text: await response.text() };
    await response.body?.cancel();
    return { status: response.status, text: '' };
  } catch (error) {
    throw new CommandError(`${url} does not answer: ${whyOf(error)}`, { cause: error });
  }
}

function askSocket(config: Config): Promise<Answer> {
  const { dataDir } = config;
  return new Promise((resolve, reject) => {
    const socketPath = adminSocketOf(config);
    const options = { socketPath, path: '/health', timeout: WAIT_MS };
    const asked = httpRequest(options, (incoming) => {
      readText(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), reject);
    });
    asked.on('timeout', () => asked.destroy(new Error('it takes too long')));
    asked.on('error', (error: Error & { readonly code?: unknown }) => {
      const nobody = `no server runs on the data directory ${dataDir}; name another with --data-dir, or give its --port alone`;
      const other = closedSocket(socketPath, error) ?? `the server on ${dataDir} does not answer: ${whyOf(error)}`;
      reject(new CommandError(NOBODY.has(error.code) ? nobody : other));
    });
    asked.end();
  });
}

/** The runtime's own sentences ask about the computer of whoever reads them. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it takes too long';
  const code = 'code' in error ? error.code : null;
  if (code === 'ECONNREFUSED' || code === 'ConnectionRefused') return 'nothing listens there';
  return error.message;
}
