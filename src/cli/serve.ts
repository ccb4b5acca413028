import { OPTION_NAMES } from '../config.ts';
import { type Command, CommandError } from './command.ts';
import { configOptions } from './options.ts';

export const serve: Command = {
  words: 'serve',
  usage: '',
  about: 'Start the server and run until it is told to stop (SIGINT, SIGTERM).',
  options: configOptions(OPTION_NAMES),
  async run({ config, powers, print }) {
    try {
      await powers.serve(config, ({ port }) => {
        const url = config.publicUrl ?? `http://${config.host === '0.0.0.0' ? 'localhost' : config.host}:${port}`;
        const { dataDir, workers } = config;
        print({ url, port, dataDir, workers }, [`Guildhall listens on ${url} (data in ${dataDir})`]);
      });
    } catch (error) {
      throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  },
};
