import { type Config, filesOf, flagOf, OPTION_NAMES, type OptionName } from '../config.ts';
import { storePlace } from '../store-place.ts';
import { type Call, type Command, CommandError, UsageError } from './command.ts';
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
    refuseIdle(call);
    warnOfStrangers(config);
    const seed = path === null ? null : readSeed(path);
    try {
      await powers.serve(config, async (open) => {
        const seeded = path === null || seed === null ? null : await sow(call, path, seed);
        const { port, dataAddress } = await open();
        const url = config.publicUrl ?? `http://${nameOf(config.host)}:${port}`;
        const data = dataAddress !== null && { dataAddress };
        const served = dataAddress === null ? [] : [`The data service listens on ${dataAddress}`];
        const said = { url, port, dataDir, workers, ...data, ...(seeded !== null && { seeded }) };
        // A proxy in front has to be told where it finds the server.
        const at = config.publicUrl === null ? '' : `port ${port}, `;
        print(said, [...linesOf(seeded), ...served, `Guildhall listens on ${url} (${at}${placesOf(config)})`]);
      });
    } catch (error) {
      throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  },
};

const IN_CQL: readonly OptionName[] = [
  ...(['contactPoints', 'localDatacenter', 'keyspace', 'replication'] as const),
  ...(['cqlUsername', 'cqlPasswordFile', 'cqlCaFile', 'speculativeReads'] as const),
];
const IN_DATA: readonly OptionName[] = ['dataAddress', 'dataCaFile'];
const IN_TLS: readonly OptionName[] = ['dataTlsCert', 'dataTlsKey'];

/** A flag without any effect is a mistake; a variable may be there for another command. */
function refuseIdle({ flags, config }: Call): void {
  const idle = (names: readonly OptionName[], needed: string): void => {
    const given = names.find((name) => flags[flagOf(name)] !== undefined);
    if (given !== undefined) throw new UsageError(`--${flagOf(given)} needs ${needed}`);
  };
  if (config.store !== 'cql') idle(IN_CQL, '--store cql');
  if (config.store !== 'data') idle(IN_DATA, '--store data');
  if (config.dataListen === null) idle(IN_TLS, '--data-listen');
  if (config.cqlUsername === null) idle(['cqlPasswordFile'], '--cql-username');
}

/** What is not in the data directory is not to be looked for there. */
function placesOf(config: Config): string {
  const { store, dataDir } = config;
  return store === 'sqlite' ? `data in ${dataDir}` : `data in ${storePlace(config)}, uploads in ${filesOf(config)}`;
}

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
