import { realRandom } from '../base/random.ts';
import { type Call, UsageError } from './command.ts';

/** An answer as it is printed: a password that came from standard input stays out of sight. */
export const shown = <T extends { readonly password?: string | null | undefined }>({ flags }: Call, answer: T): T =>
  flags.password === '-' ? { ...answer, password: undefined } : answer;

/** Made by who shows it, and not by the server: it is known when the answer is not. */
export const madeUp = (): string => realRandom.secret(12);

/** What is told when no answer came, of a password that nobody else may know. */
export const toldPassword = (given: string | null, password: string): string =>
  given === null ? password : 'the one that was given';

/** Of `--password`: null: none is given. `-`: the first line of standard input, which no process list and no shell history shows. */
export async function readPassword({ flags, powers }: Call): Promise<string | null> {
  if (typeof flags.password !== 'string') return null;
  if (flags.password !== '-') return flags.password;
  const [line = ''] = (await powers.readInput()).split(/\r?\n/, 1);
  if (line === '') throw new UsageError('--password - reads the password from standard input, which is empty');
  return line;
}
