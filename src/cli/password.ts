import { type Call, UsageError } from './command.ts';

/** Of `--password`: null: none is given. `-`: the first line of standard input, which no process list and no shell history shows. */
export async function readPassword({ flags, powers }: Call): Promise<string | null> {
  if (typeof flags.password !== 'string') return null;
  if (flags.password !== '-') return flags.password;
  const [line = ''] = (await powers.readInput()).split(/\r?\n/, 1);
  if (line === '') throw new UsageError('--password - reads the password from standard input, which is empty');
  return line;
}
