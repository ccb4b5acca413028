import { OPTION_NAMES } from '../config.ts';
import { type Command, CommandError, UsageError } from './command.ts';
import { configOptions } from './options.ts';
import { readSeed, type Seeded, sow } from './seed.ts';
import { warnOfStrangers } from './strangers.ts';

export const serve: Command = {
  words: 'serve',
  usage: '',
  about: 'Start the server and run until it is told to stop (SIGINT, SIGTERM).',
  options: configOptions(OPTION_NAMES),
  async run(call) {
    const { config, powers, print } = call;
    const { dataDir, workers, seed: path } = config;
    if (path !== null && config.store !== 'memory') throw new UsageError('--seed needs --store memory');
    warnOfStrangers(config);
    const seed = path === null ? null : readSeed(path);
    try {
      await powers.serve(config, async ({ port, dataAddress }) => {
        const seeded = path === null || seed === null ? null : await sow(call, path, seed);
        const url = config.publicUrl ?? `http://${nameOf(config.host)}:${port}`;
        const data = dataAddress !== null && { dataAddress };
        const served = dataAddress === null ? [] : [`The data service listens on ${dataAddress}`];
        const said = { url, port, dataDir, workers, ...data, ...(seeded !== null && { seeded }) };
        print(said, [...linesOf(seeded), ...served, `Guildhall listens on ${url} (data in ${dataDir})`]);
      });
    } catch (error) {
      throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  },
};

/** The host as it stands in an address: that of all addresses has no name of its own. */
function nameOf(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}

function linesOf(seeded: Seeded | null): string[] {
  const { users = {}, bots = {}, guilds = {} } = seeded ?? {};
  return [
    ...Object.entries(users).map(([name, { id, token }]) => `user   ${name} (${id})  token ${token}`),
    ...Object.entries(bots).map(([name, { id, token }]) => `bot    ${name} (${id})  token ${token}`),
    ...Object.entries(guilds).map(([name, { id }]) => `guild  ${name} (${id})`),
  ];
}
