/** Asks the admin routes: of the running server, or of a core in this process when none runs. */
import type { z } from 'zod';
import { adminSocketOf } from '../config.ts';
import { parseJson } from '../protocol/json.ts';
import { type AdminAnswer, askSocket } from './admin-socket.ts';
import { type Call, CommandError } from './command.ts';

/** `path`: below /admin. Throws CommandError with the server's own sentence when it refuses. */
export async function askAdmin<T>(call: Call, path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
  const route = `/admin/${path}`;
  const text = JSON.stringify(body);
  const answer = (await askSocket(adminSocketOf(call.config), route, text)) ?? (await askCore(call, route, text));
  const parsed = parseAnswer(answer.text);
  if (answer.status < 200 || answer.status > 299) throw new CommandError(sentenceOf(parsed, answer.status));
  const checked = schema.safeParse(parsed);
  if (!checked.success) throw new CommandError('the server answers in another language: is it of the same version?');
  return checked.data;
}

const BESIDE_DATA =
  'If it is guildhall data: name the --data-dir of the server that uses it, with --store data and --data-token-file.';

async function askCore({ config, powers }: Call, route: string, text: string): Promise<AdminAnswer> {
  if (config.store === 'memory') throw new CommandError('a store in memory needs its running server');
  const request = () =>
    new Request(`http://localhost${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: text,
    });
  try {
    return await powers.withCore(config, async (handle) => {
      const response = await handle(request());
      return { status: response.status, text: await response.text() };
    });
  } catch (error) {
    const why = messageOf(error);
    // Nobody answers on its socket, so it may be a data service, which makes no accounts.
    const hint = why.includes('is in use by') ? ` ${BESIDE_DATA}` : '';
    throw new CommandError(`the store at ${config.dataDir} cannot be opened: ${why}${hint}`, { cause: error });
  }
}

function parseAnswer(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return null;
  }
}

/** `{ message, code, errors }` as REST sends it: the leaves of the tree say more than the message. */
function sentenceOf(body: unknown, status: number): string {
  if (typeof body !== 'object' || body === null || !('message' in body)) return `the server answers ${status}`;
  const leaves = 'errors' in body ? leavesOf(body.errors, []) : [];
  return leaves.length > 0 ? leaves.join('\n') : String(body.message);
}

function leavesOf(tree: unknown, path: readonly string[]): string[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, below]) => {
    if (key !== '_errors') return leavesOf(below, [...path, key]);
    const errors = Array.isArray(below) ? below : [];
    return errors.map((error: { readonly message?: unknown }) => `${path.join('.')}: ${String(error.message)}`);
  });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
