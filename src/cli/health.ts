import { type Command, CommandError } from './command.ts';
import { configOptions } from './options.ts';

const WAIT_MS = 4000;
/** Addresses that mean every address of the machine. */
const LOOPBACK: Readonly<Partial<Record<string, string>>> = { '0.0.0.0': '127.0.0.1', '::': '[::1]' };

export const health: Command = {
  words: 'health',
  usage: '',
  about: 'Ask the server on this machine for /health. Ends with 1 unless it is well (health checks of containers).',
  options: configOptions(['port', 'host']),
  async run({ config: { host, port }, print }) {
    const address = LOOPBACK[host] ?? (host.includes(':') ? `[${host}]` : host);
    const url = `http://${address}:${port}/health`;
    const response = await ask(url);
    await response.body?.cancel();
    if (!response.ok) throw new CommandError(`${url} answers ${response.status}`);
    print({ well: true, url }, ['well']);
  },
};

async function ask(url: string): Promise<Response> {
  try {
    return await fetch(url, { signal: AbortSignal.timeout(WAIT_MS) });
  } catch (error) {
    throw new CommandError(`${url} does not answer: ${error instanceof Error ? error.message : String(error)}`);
  }
}
