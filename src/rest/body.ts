/** Bodies of requests: bounded in bytes and depth before anything looks at them. */
import type { ZodMiniType } from 'zod/mini';
import type { Clock } from '../base/clock.ts';
import { refuse } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { idsAsText } from './ids-as-text.ts';
import { Refused, refused } from './refused.ts';
import { fieldErrors } from './zod-errors.ts';

/** Discord's deepest form (command options, components) is below 12. */
const MAX_DEPTH = 32;
/** A hundred commands with all their options and choices are half of it. What a parser makes of a comma is a hundred times its size. */
const MAX_COMMAS = 250_000;

/** What a body may cost. */
export interface BodyBounds {
  readonly clock: Pick<Clock, 'after'>;
  readonly maxBytes: number;
  /** From now to its last byte. */
  readonly ms: number;
}

/** The text of a body. Refused: as `bounded`, and invalidJson for what is no text. */
export async function readText(request: Request, bounds: BodyBounds): Promise<string> {
  let bytes: Uint8Array;
  try {
    bytes = await (isAnnounced(request, bounds.maxBytes) ? atOnce(request, bounds) : gathered(request, bounds));
  } catch (error) {
    // Otherwise the client went away in the middle of it: no fault of this server.
    throw error instanceof Refused ? error : refused('invalidJson');
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw refused('invalidJson');
  }
}

/** The length is said and is not too much: the server takes no more than that. */
function isAnnounced({ headers }: Request, maxBytes: number): boolean {
  const length = headers.get('content-length');
  return length !== null && Number(length) <= maxBytes;
}

/** Most bodies are there already when they are asked for: a stream costs as much as the rest of a small request. */
async function atOnce(request: Request, { clock, ms }: BodyBounds): Promise<Uint8Array> {
  const late = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => late.reject(refused('tooSlow')));
  try {
    return new Uint8Array(await Promise.race([request.arrayBuffer(), late.promise]));
  } finally {
    timer.cancel();
  }
}

async function gathered(request: Request, bounds: BodyBounds): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bounded(request, bounds)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** The bytes of a body. Refused: payloadTooLarge, also when no length was announced; tooSlow for one that trickles. */
export async function* bounded(request: Request, { clock, maxBytes, ms }: BodyBounds): AsyncGenerator<Uint8Array> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw refused('payloadTooLarge');
  if (request.body === null) return;
  const reader = (request.body as ReadableStream<Uint8Array>).getReader();
  const late = Promise.withResolvers<never>();
  late.promise.catch(() => {});
  const timer = clock.after(ms, () => late.reject(refused('tooSlow')));
  try {
    for (let size = 0; ; ) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return;
      size += value.byteLength;
      if (size > maxBytes) throw refused('payloadTooLarge');
      yield value;
    }
  } finally {
    timer.cancel();
    reader.cancel().catch(() => {});
  }
}

/** An absent body is `{}`: many clients send none with PUT and POST. Ids come out as text. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return {};
  checkSize(text);
  try {
    return idsAsText(parseJson(text));
  } catch {
    throw refused('invalidJson');
  }
}

/** Looks at the text alone, since the parser is what is saved by it. Refused: invalidJson too deep, payloadTooLarge too many values. */
function checkSize(text: string): void {
  let depth = 0;
  let commas = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) throw refused('invalidJson');
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2c && ++commas > MAX_COMMAS) throw refused('payloadTooLarge');
  }
}

/** Refused: invalidForm with the tree of what is wrong. */
export function check<T>(schema: ZodMiniType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refused(refuse('invalidForm', { fields: fieldErrors(result.error.issues, body) }));
}
