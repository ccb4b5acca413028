/** Asks the admin routes: of the running server, or of a core in this process when none runs. */
import type { z } from 'zod';
import { adminSocketOf } from '../config.ts';
import { LIMITS } from '../limits.ts';
import { DirectoryHeld, REFUSALS } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { hasNoStore } from '../store-kind.ts';
import { type AdminAnswer, askSocket } from './admin-socket.ts';
import { type Call, CommandError, Unanswered } from './command.ts';

/**
 * `path`: below /admin. Throws CommandError with the server's own sentence when it refuses. `unanswered`: what the user must know when it is open
 * whether it was done.
 */
export async function askAdmin<T>(
  call: Call,
  path: string,
  body: unknown,
  schema: z.ZodType<T>,
  unanswered = '',
): Promise<T> {
  const answers: T[] = [];
  try {
    await askSteps(call, path, body, schema, (answer) => {
      answers.push(answer);
      return null;
    });
  } catch (error) {
    if (!(error instanceof Unanswered) || unanswered === '') throw error;
    throw new CommandError(`${error.message}\n${unanswered}`, { cause: error });
  }
  return answers[0] as T;
}

/** What is done in steps, one request after the other: `next` makes of each answer the body of the following one; null: that was the last. */
export async function askSteps<T>(
  call: Call,
  path: string,
  first: unknown,
  schema: z.ZodType<T>,
  next: (answer: T) => unknown,
): Promise<void> {
  const [socket, route] = [adminSocketOf(call.config), `/admin/${path}`];
  const follow = async (begun: AdminAnswer, send: Send): Promise<void> => {
    for (let answer = begun; ; ) {
      const body = next(answerOf(answer, schema));
      if (body === null) return;
      answer = await send(JSON.stringify(body));
    }
  };
  const text = JSON.stringify(first);
  const { heldMs, heldPauseMs } = LIMITS;
  for (let waited = 0; ; waited += heldPauseMs) {
    const there = await askSocket(socket, route, text);
    if (there !== null && call.flags.store === 'memory')
      call.powers.stderr.write('asked the running server, whatever store it has: --store memory is not looked at\n');
    if (there !== null) return follow(there, async (body) => (await askSocket(socket, route, body)) ?? stopped());
    try {
      return await inCore(call, route, async (send) => follow(await send(text), send));
    } catch (error) {
      if (!(error instanceof Held) || waited >= heldMs) throw error;
    }
    await call.powers.pause(heldPauseMs);
  }
}

/** Somebody has the directory, so nothing was done. */
class Held extends CommandError {}

type Send = (body: string) => Promise<AdminAnswer>;

function stopped(): never {
  throw new CommandError('the server has stopped; what it did until then is done');
}

const [, FULL] = REFUSALS.storeFull;

function answerOf<T>({ status, text }: AdminAnswer, schema: z.ZodType<T>): T {
  const parsed = parseAnswer(text);
  // What takes too long for an ask, or stops half way, is not undone; 429 may come after the first of several steps. 507: nothing was done.
  if (status === 429 || (status >= 500 && status !== FULL)) throw new Unanswered(sentenceOf(parsed, status));
  if (status < 200 || status > 299) throw new CommandError(sentenceOf(parsed, status));
  const checked = schema.safeParse(parsed);
  if (!checked.success) throw new Unanswered('the server answers in another language: is it of the same version?');
  return checked.data;
}

const BESIDE_DATA =
  'If it is guildhall data: name the --data-dir of the server that uses it, with --store data and --data-token-file.';

/** What is done to something that must be there: a store that is made for it would only hide that the directory is mistyped. */
const MAKES_NOTHING: ReadonlySet<string> = new Set(['/admin/passwords', '/admin/sweep', '/admin/guilds']);

/** All that `use` sends is heard by one core, which lives as long. */
async function inCore({ config, powers }: Call, route: string, use: (send: Send) => Promise<void>): Promise<void> {
  if (config.store === 'memory') throw new CommandError('a store in memory needs its running server');
  const wasNone = config.store === 'sqlite' && hasNoStore(config.dataDir);
  if (MAKES_NOTHING.has(route) && wasNone)
    throw new CommandError(`there is no store at ${config.dataDir}; name the directory with --data-dir`);
  const request = (body: string) =>
    new Request(`http://localhost${route}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
  try {
    await powers.withCore(config, (handle) =>
      use(async (body) => {
        const response = await handle(request(body));
        return { status: response.status, text: await response.text() };
      }),
    );
  } catch (error) {
    if (error instanceof CommandError) throw error;
    const why = messageOf(error);
    const closed = `the store at ${config.dataDir} cannot be opened: ${why}`;
    if (!(error instanceof DirectoryHeld)) throw new CommandError(closed, { cause: error });
    // Nobody answers on its socket, so it may be a data service, which makes no accounts.
    throw new Held(`${closed} ${BESIDE_DATA}`, { cause: error });
  } finally {
    // A directory that is mistyped looks like this.
    if (wasNone && !hasNoStore(config.dataDir))
      powers.stderr.write(`no server runs on ${config.dataDir}: a new store was made there\n`);
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
    return errors.map((error: { readonly message?: unknown }) => `${typed(path)}: ${String(error.message)}`);
  });
}

/** A field of the request as it was given on the command line; `users.0.name` of a seed stays as it is. */
function typed(path: readonly string[]): string {
  const field = path.join('.');
  if (field === 'name' || field === 'username') return 'NAME';
  return ['owner', 'guild', 'password'].includes(field) ? `--${field}` : field;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
