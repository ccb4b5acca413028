/** Options of the config as `parseArgs` wants them. */
import type { ParseArgsOptionsConfig } from 'node:util';
import { flagOf, type OptionName } from '../config.ts';

export const configOptions = (names: readonly OptionName[]): ParseArgsOptionsConfig =>
  Object.fromEntries(names.map((name) => [flagOf(name), { type: 'string' as const }]));

/** What leads to the store. */
export const STORE_OPTIONS: ParseArgsOptionsConfig = configOptions([
  ...([
    'store',
    'contactPoints',
    'localDatacenter',
    'keyspace',
    'replication',
    'cqlUsername',
    'cqlPasswordFile',
    'cqlCaFile',
  ] as const),
]);

/** What leads to the store of a server: also to one behind a data service. */
export const ADMIN_OPTIONS: ParseArgsOptionsConfig = {
  ...STORE_OPTIONS,
  ...configOptions(['dataAddress', 'dataTokenFile', 'dataCaFile']),
};

/** What every command takes. */
export const COMMON: ParseArgsOptionsConfig = {
  ...configOptions(['dataDir']),
  config: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};
