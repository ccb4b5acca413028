import manifest from '../../package.json' with { type: 'json' };
import type { Command } from './command.ts';

export const version: Command = {
  words: 'version',
  usage: '',
  about: 'Print the version.',
  options: {},
  async run({ print }) {
    print({ version: manifest.version }, [`guildhall ${manifest.version}`]);
  },
};
