import { migrateStore } from '../open-store.ts';
import { type Command, CommandError } from './command.ts';
import { STORE_OPTIONS } from './options.ts';

export const migrate: Command = {
  words: 'migrate',
  usage: '',
  about: 'Make the tables of a Cassandra or ScyllaDB cluster, or bring them to the newest version.',
  options: STORE_OPTIONS,
  says: { store: 'cql, which must be said: other stores bring their tables to the newest version at their start' },
  async run({ config, print }) {
    if (config.store !== 'cql') throw new CommandError('only --store cql needs it: other stores do so at their start');
    try {
      const done = await migrateStore(config);
      const { from, to } = done ?? { from: 0, to: 0 };
      const said = from === to ? `is at version ${to} already` : `was brought from version ${from} to ${to}`;
      print({ keyspace: config.keyspace, from, to }, [`The keyspace ${config.keyspace} ${said}.`]);
    } catch (error) {
      throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  },
};
