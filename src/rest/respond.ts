/** How this server answers over HTTP: the headers that clients rely on, and every kind of failure in Discord's shape. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { Fault, REFUSALS, type Refusal, refuse } from '../protocol/errors.ts';
import type { RateNumbers } from '../protocol/links.ts';
import { errorTree } from './error-tree.ts';
import { Refused } from './refused.ts';

/** What a handler gives back. `body` undefined: an empty one. */
export interface Outcome {
  readonly status: number;
  readonly body: unknown;
}

export const ok = (body: unknown): Outcome => ({ status: 200, body });
export const created = (body: unknown): Outcome => ({ status: 201, body });
export const noContent: Outcome = { status: 204, body: undefined };

/** What the rate headers are made of. */
export interface RateState {
  readonly bucket: string;
  readonly numbers: RateNumbers;
}

/** `Via` on every response: without it discord.py takes a 429 for a ban by a proxy, and JDA stops all requests (wire-rules.md rule 6). */
export const VIA = '1.1 guildhall';

/** Exactly `application/json`: discord.py, Eris and Oceanic compare with `==` (wire-rules.md rule 5). */
export function answer({ status, body }: Outcome): Response {
  if (body === undefined) return new Response(null, { status, headers: { Via: VIA } });
  return answerJson(JSON.stringify(body), status);
}

/** A body that is JSON already. */
export const answerEncoded = (json: Uint8Array<ArrayBuffer>): Response => answerJson(json, 200);

const encoder = new TextEncoder();

/** From this length on Bun sends each name and value of the headers by itself, with a call of the system for each, unless the body is a stream. */
const LONG = 15 << 10;

function answerJson(json: string | Uint8Array<ArrayBuffer>, status: number): Response {
  const body = json.length < LONG ? json : streamOf(typeof json === 'string' ? encoder.encode(json) : json);
  return new Response(body, { status, headers: { 'Content-Type': 'application/json', Via: VIA } });
}

/** All of it at once. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** Whose limit a 429 is about. `shared`: of all who ask; it is not held against the one who asked (docs/topics/rate-limits). */
export type Scope = 'user' | 'global' | 'shared';

export function answerRefusal(refusal: Refusal, scope: Scope = 'user'): Response {
  const [code, status, sentence] = REFUSALS[refusal.refused];
  const message = refusal.message ?? sentence;
  if (status === 429) return answerTooMany(message, code, refusal.retryAfter ?? 1, scope);
  const errors = refusal.fields && refusal.fields.length > 0 ? { errors: errorTree(refusal.fields) } : {};
  const response = answer({ status, body: { message, code, ...errors } });
  if (status >= 500) response.headers.set('Retry-After', String(Math.max(1, Math.ceil(refusal.retryAfter ?? 1))));
  return response;
}

/** `Retry-After` is a whole number (JDA, twilight: wire-rules.md rule 7); the fraction stands in the body. */
function answerTooMany(message: string, code: number, seconds: number, scope: Scope): Response {
  const body = { message, retry_after: seconds, global: scope === 'global', code };
  const response = answer({ status: 429, body });
  response.headers.set('Retry-After', String(Math.max(1, Math.ceil(seconds))));
  response.headers.set('X-RateLimit-Scope', scope);
  if (scope === 'global') response.headers.set('X-RateLimit-Global', 'true');
  return response;
}

/** The text of a cause never leaves; `report` hears of what is not an answer by itself. */
export function answerError(error: unknown, report: (error: unknown) => void): Response {
  if (error instanceof Refused) return answerRefusal(error.refusal);
  if (error instanceof Fault) {
    const name = faultName(error);
    if (name === 'internal') report(error);
    const { retryAfterMs } = error;
    const more = retryAfterMs === null ? {} : { retryAfter: retryAfterMs / 1000 };
    return answerRefusal(refuse(name, more), name === 'shed' ? 'shared' : 'user');
  }
  report(error);
  return answerRefusal(refuse('internal'));
}

function faultName(fault: Fault): 'storeFull' | 'storeBroken' | 'storeStuck' | 'shed' | 'overloaded' | 'internal' {
  if (fault.code === 'full') return 'storeFull';
  if (fault.code === 'broken') return 'storeBroken';
  if (fault.code === 'stuck') return 'storeStuck';
  if (fault.code === 'shed') return 'shed';
  // Not to be asked again: deciding it was a bug. Everything else is a state that passes.
  return fault.code === 'lost' && !fault.retryable ? 'internal' : 'overloaded';
}

/** The five headers; `Reset` is absolute, in seconds with a fraction. */
export function setRateHeaders(headers: Headers, { bucket, numbers }: RateState, now: number): void {
  const after = Math.max(0, numbers.resetAfterMs) / 1000;
  headers.set('X-RateLimit-Limit', String(numbers.limit));
  headers.set('X-RateLimit-Remaining', String(Math.max(0, numbers.remaining)));
  headers.set('X-RateLimit-Reset', (now / 1000 + after).toFixed(3));
  headers.set('X-RateLimit-Reset-After', after.toFixed(3));
  headers.set('X-RateLimit-Bucket', bucketHash(bucket));
}

/** The same few buckets are named again and again. */
const hashes = new LRUCache<string, string>({ max: 4096 });

function bucketHash(bucket: string): string {
  const known = hashes.get(bucket);
  if (known !== undefined) return known;
  const made = hash('sha256', bucket, 'hex').slice(0, 32);
  hashes.set(bucket, made);
  return made;
}

/** A browser's client may be served from anywhere; tokens travel in a header, so no credentials are allowed. */
const CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers':
    'Retry-After, X-RateLimit-Global, X-RateLimit-Scope, X-RateLimit-Bucket, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, X-RateLimit-Reset-After',
};

export function setCors(headers: Headers): void {
  for (const [name, value] of Object.entries(CORS)) headers.set(name, value);
}

export function answerPreflight(): Response {
  const response = new Response(null, { status: 204, headers: { Via: VIA } });
  setCors(response.headers);
  response.headers.set('Access-Control-Allow-Methods', 'GET, POST, PUT, PATCH, DELETE');
  response.headers.set('Access-Control-Allow-Headers', '*, Authorization, Content-Type, X-Audit-Log-Reason');
  response.headers.set('Access-Control-Max-Age', '86400');
  return response;
}
