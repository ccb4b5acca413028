/** A command line in this process, over powers that a test gives it. */
import { runCli } from '../../src/cli/cli.ts';
import type { Powers } from '../../src/cli/command.ts';

/** Runs a command line and gives back all it did. */
export async function runLine(argv: readonly string[], powers: Partial<Powers> = {}, isTTY = false) {
  const [out, err]: [string[], string[]] = [[], []];
  const none = () => Promise.reject(new Error('no core here'));
  const code = await runCli(argv, {
    serve: none,
    serveData: none,
    copy: none,
    withCore: none,
    pause: async () => {},
    readInput: none,
    ...powers,
    stdout: { write: (text) => out.push(text) },
    stderr: { write: (text) => err.push(text), isTTY },
  });
  return { code, out: out.join(''), err: err.join('') };
}
