/** Fills the running server from the file of `--seed`. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { LIMITS } from '../limits.ts';
import { parseJson } from '../protocol/json.ts';
import { parseSeed, type Seed } from '../protocol/seed.ts';
import { askAdmin } from './admin.ts';
import { type Call, CommandError } from './command.ts';

/** POST /admin/seed: what was made, by name. */
const account = z.looseObject({ id: z.string(), token: z.string() });
const Seeded = z.looseObject({
  users: z.record(z.string(), account),
  bots: z.record(z.string(), account),
  guilds: z.record(z.string(), z.looseObject({ id: z.string() })),
});
export type Seeded = z.infer<typeof Seeded>;

/** Throws CommandError that names the file and each field that is wrong. */
export function readSeed(path: string): Seed {
  const parsed = parseSeed(readJson(path));
  if ('seed' in parsed) return parsed.seed;
  throw new CommandError(parsed.wrong.map((sentence) => `${path}: ${sentence}`).join('\n'));
}

export async function sow(call: Call, path: string, seed: Seed): Promise<Seeded> {
  try {
    return await askAdmin(call, 'seed', seed, Seeded);
  } catch (error) {
    if (error instanceof CommandError) throw new CommandError(`${path}: ${bracketed(error.message)}`, { cause: error });
    throw error;
  }
}

/** The field in front as parseSeed writes it: `guilds.0.messages.1: …` -> `guilds[0].messages[1]: …`. */
const bracketed = (sentence: string): string =>
  sentence.replace(/^[\w.]+(?=: )/, (field) => field.replace(/\.(\d+)/g, '[$1]'));

function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new CommandError(`the seed ${path} cannot be read: ${messageOf(error)}`);
  }
  if (text.length > LIMITS.bodyBytes / 2) throw new CommandError(`the seed ${path} is too long: at most 512 KiB`);
  try {
    return parseJson(text);
  } catch (error) {
    throw new CommandError(`${path} is no JSON: ${messageOf(error)}`);
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
