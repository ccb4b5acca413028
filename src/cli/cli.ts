/** The command line: finds the command, reads its flags and says in the exit code how it ended. */
import { parseArgs } from 'node:util';
import { nearest } from '../base/nearest.ts';
import { ConfigError, flagOf, type OptionName, readConfig } from '../config.ts';
import { botAdd } from './bot-add.ts';
import { type Call, type Command, CommandError, type Flags, type Powers, UsageError } from './command.ts';
import { copy } from './copy.ts';
import { data } from './data.ts';
import { doctor } from './doctor.ts';
import { guildAdd } from './guild-add.ts';
import { health } from './health.ts';
import { helpOf, helpOfOne, helpOfSome, usageOf } from './help.ts';
import { migrate } from './migrate.ts';
import { COMMON } from './options.ts';
import { serve } from './serve.ts';
import { sweep } from './sweep.ts';
import { userAdd } from './user-add.ts';
import { userPassword } from './user-password.ts';
import { version } from './version.ts';

const COMMANDS: readonly Command[] = [
  ...[serve, data, migrate, copy, userAdd, userPassword, guildAdd, botAdd],
  ...[sweep, doctor, health, version],
];
const HELP: ReadonlySet<string | undefined> = new Set(['help', '--help', '-h']);

const DONE = 0;
const FAILED = 1;
const MISUSED = 2;

/** `args`: without runtime and script. Exit code: 0 done, 1 could not be done, 2 called wrongly. Rejects only for bugs. */
export async function runCli(args: readonly string[], powers: Powers): Promise<number> {
  const argv = args[0] === '--version' || args[0] === '-v' ? ['version', ...args.slice(1)] : args;
  const [first] = argv;
  if (HELP.has(first)) {
    powers.stdout.write(helpOf(COMMANDS));
    return DONE;
  }
  const command = COMMANDS.find(({ words }) => words.split(' ').every((word, index) => argv[index] === word));
  if (command === undefined) return explainNone(argv, powers);
  try {
    await run(command, argv.slice(command.words.split(' ').length), powers);
    return DONE;
  } catch (error) {
    return explain(error, command, powers);
  }
}

const HINT = 'guildhall --help lists the commands\n';

/** `user` and `user --help` list what begins with that word. */
function explainNone(argv: readonly string[], { stdout, stderr }: Powers): number {
  const [first, second] = argv;
  const group = COMMANDS.filter(({ words }) => words.startsWith(`${first} `));
  const words = argv.slice(0, argv.findIndex((word) => word.startsWith('-')) >>> 0);
  if (group.length > 0 && HELP.has(second)) {
    stdout.write(helpOfSome(group));
    return DONE;
  }
  if (first === undefined) stderr.write(helpOf(COMMANDS));
  else if (first.startsWith('-')) stderr.write(`no command before ${first}: options come after it\n${HINT}`);
  else
    stderr.write(
      `no such command: ${(words.length > 0 ? words : argv).join(' ')}\n${group.length > 0 ? helpOfSome(group) : HINT}`,
    );
  return MISUSED;
}

async function run(command: Command, rest: readonly string[], powers: Powers): Promise<void> {
  const { names, flags } = parse(command, rest);
  if (flags.help === true) {
    powers.stdout.write(helpOfOne(command));
    return;
  }
  const wanted = command.usage.match(/^[A-Z]+/)?.length ?? 0;
  if (names.length !== wanted) throw new UsageError(wanted === 1 ? 'it takes one name' : 'it takes no name');
  const print: Call['print'] = (value, lines) => {
    powers.stdout.write(`${flags.json === true ? JSON.stringify(value) : lines.join('\n')}\n`);
  };
  const options = { ...COMMON, ...command.options };
  const used = (name: OptionName): boolean => flagOf(name) in options;
  await command.run({ names, flags, config: readConfig(flags, undefined, used), powers, print });
}

function parse({ options }: Command, rest: readonly string[]): { names: readonly string[]; flags: Flags } {
  try {
    const parsed = parseArgs({ args: [...rest], options: { ...COMMON, ...options }, allowPositionals: true });
    return { names: parsed.positionals, flags: parsed.values as Flags };
  } catch (error) {
    const dashed = /^Option '(?:-\w, )?(--[\w-]+)[^']*' argument is ambiguous/.exec(messageOf(error))?.[1];
    if (dashed)
      throw new UsageError(`${dashed} has no value; one that begins with a dash is given as ${dashed}=-VALUE`);
    // What it says after an option that is unknown is about names that begin with a dash.
    throw new UsageError(`${messageOf(error).split('. To specify a positional')[0]}${meantBy(error, options)}`);
  }
}

/** `Unknown option '--prot'` -> `; is --port meant?` */
function meantBy(error: unknown, options: Command['options']): string {
  const unknown = /^Unknown option '--([^'=]+)/.exec(messageOf(error))?.[1];
  const meant = unknown === undefined ? null : nearest(unknown, Object.keys({ ...COMMON, ...options }));
  return meant === null ? '' : `; is --${meant} meant?`;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function explain(error: unknown, command: Command, { stderr }: Powers): number {
  if (error instanceof UsageError) {
    stderr.write(`${error.message}\n${usageOf(command)}`);
    return MISUSED;
  }
  if (error instanceof ConfigError || error instanceof CommandError) {
    stderr.write(`${error.message}\n`);
    return error instanceof ConfigError ? MISUSED : FAILED;
  }
  throw error;
}
