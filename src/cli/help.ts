/** The help texts: made of the commands and options themselves, so that they cannot be out of date. */
import { flagOf, OPTION_NAMES, OPTIONS, type OptionName, variableOf } from '../config.ts';
import type { Command } from './command.ts';

const COMMON_LINE =
  'Every command takes --data-dir, --config FILE, --json (one line of JSON instead of text) and --help.';

const call = ({ words, usage }: Command): string => `guildhall ${words}${usage === '' ? '' : ` ${usage}`}`;

export function helpOf(commands: readonly Command[]): string {
  return [
    'Guildhall: a real-time chat server.',
    '',
    'Commands:',
    ...listOf(commands),
    '',
    COMMON_LINE,
    '',
    'Options of serve, also from the environment, or by their name (dataDir) from the JSON of --config (GUILDHALL_CONFIG):',
    ...OPTION_NAMES.flatMap((name) => optionLines(name)),
    '',
  ].join('\n');
}

/** What stands behind one word: `user`. */
export const helpOfSome = (commands: readonly Command[]): string =>
  `${['Commands:', ...listOf(commands)].join('\n')}\n`;

/** Shown with what was called wrongly. */
export const usageOf = (command: Command): string => `Usage: ${call(command)}\n${command.about}\n`;

export function helpOfOne(command: Command): string {
  const own = OPTION_NAMES.filter((name) => flagOf(name) in command.options);
  const options =
    own.length === 0
      ? []
      : ['', 'Options, also from the environment:', ...own.flatMap((name) => optionLines(name, command.says?.[name]))];
  return `${usageOf(command)}${[...options, '', COMMON_LINE].join('\n')}\n`;
}

const listOf = (commands: readonly Command[]): string[] =>
  commands.map((command) => `  ${call(command)}\n      ${command.about}`);

function optionLines(name: OptionName, says?: string): string[] {
  const { about, fallback } = OPTIONS[name];
  const standard = fallback === '' ? '' : ` (default: ${fallback})`;
  return [`  --${flagOf(name)}  ${variableOf(name)}`, `      ${says ?? `${about}${standard}`}`];
}
