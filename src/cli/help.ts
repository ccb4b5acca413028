/** The help texts: made of the commands and options themselves, so that they cannot be out of date. */
import { flagOf, OPTION_NAMES, OPTIONS, variableOf } from '../config.ts';
import type { Command } from './command.ts';

const call = ({ words, usage }: Command): string => `guildhall ${words}${usage === '' ? '' : ` ${usage}`}`;

export function helpOf(commands: readonly Command[]): string {
  return [
    'Guildhall: a real-time chat server.',
    '',
    'Commands:',
    ...commands.map((command) => `  ${call(command)}\n      ${command.about}`),
    '',
    'Every command takes --data-dir, --config FILE, --json (one line of JSON instead of text) and --help.',
    '',
    'Options of serve, also from the environment, or by their name (dataDir) from the JSON of --config (GUILDHALL_CONFIG):',
    ...OPTION_NAMES.flatMap((name) => {
      const { about, fallback } = OPTIONS[name];
      const standard = fallback === '' ? '' : ` (default: ${fallback})`;
      return [`  --${flagOf(name)}  ${variableOf(name)}`, `      ${about}${standard}`];
    }),
    '',
  ].join('\n');
}

export const helpOfOne = (command: Command): string => `Usage: ${call(command)}\n${command.about}\n`;
