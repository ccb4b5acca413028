/** One REST call of a test. Every answer is held against the official specification and the rules that client libraries rely on. */
import { problemsOf } from './check-response.ts';

export type RestMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface RestOptions {
  /** Another listener of the same server. */
  readonly base?: string;
  readonly version?: 'v10' | 'v9';
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly body: unknown;
}

/** An answer that is not 2xx. */
export class Refused extends Error {
  override readonly name = 'Refused';
  constructor(
    readonly status: number,
    readonly code: number,
    readonly body: unknown,
    what: string,
  ) {
    super(`${what}: ${status} ${JSON.stringify(body)}`);
  }
}

/** Any answer, refusals too. `body`: an object is sent as JSON, FormData as it is. */
export async function answerOf(
  base: string,
  token: string | null,
  method: RestMethod,
  path: string,
  body?: unknown,
  options: RestOptions = {},
): Promise<Answered> {
  const headers = new Headers(options.headers);
  if (token !== null) headers.set('authorization', token);
  const init: RequestInit = { method, headers };
  if (body instanceof FormData) init.body = body;
  else if (body !== undefined) {
    headers.set('content-type', 'application/json');
    init.body = typeof body === 'string' ? body : JSON.stringify(body);
  }
  const response = await fetch(`${base}/api/${options.version ?? 'v10'}${path}`, init);
  const text = await response.text();
  const answered = { status: response.status, headers: response.headers, text, body: text === '' ? null : parse(text) };
  checkRules(answered, `${method} ${path}`);
  const problems = problemsOf(method, path, answered.status, answered.body);
  if (problems.length > 0) throw new Error(`${method} ${path} (${answered.status}): ${problems.join('; ')}\n${text}`);
  return answered;
}

/** The body of an answer that must be 2xx. Throws Refused. */
export async function callRest<T>(
  base: string,
  token: string | null,
  method: RestMethod,
  path: string,
  body?: unknown,
  options: RestOptions = {},
): Promise<T> {
  const answered = await answerOf(base, token, method, path, body, options);
  if (answered.status >= 300) {
    const { code = 0 } = (answered.body ?? {}) as { code?: number };
    throw new Refused(answered.status, code, answered.body, `${method} ${path}`);
  }
  return answered.body as T;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What client libraries rely on in every answer, whatever the route. */
function checkRules({ status, headers, text }: Answered, what: string): void {
  const broken = (why: string): never => {
    throw new Error(`${what} (${status}): ${why}`);
  };
  if (!headers.has('via')) broken('no Via header: discord.py takes a 429 without it for a ban');
  if (status === 204 && text !== '') broken('204 with a body');
  // discord.js and discord.py parse whatever says it is JSON, nothing included.
  if (text === '' && headers.has('content-type')) broken('a content-type without content');
  if (text !== '' && headers.get('content-type') !== 'application/json') {
    broken(`content-type is ${headers.get('content-type')}, not exactly application/json`);
  }
  const retryAfter = headers.get('retry-after');
  if (retryAfter !== null && !/^\d+$/.test(retryAfter)) broken(`Retry-After ${retryAfter} is not a whole number`);
  if (status === 429 && retryAfter === null) broken('429 without Retry-After');
}
