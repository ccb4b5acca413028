/** Bodies of requests: bounded in bytes and depth before anything looks at them. */
import type { ZodMiniType } from 'zod/mini';
import { refuse } from '../protocol/errors.ts';
import { parseJson } from '../protocol/json.ts';
import { idsAsText } from './ids-as-text.ts';
import { Refused, refused } from './refused.ts';
import { fieldErrors } from './zod-errors.ts';

/** Discord's deepest form (command options, components) is below 12. */
const MAX_DEPTH = 32;

/** The text of a body. Refused: payloadTooLarge, also when no length was announced. */
export async function readText(request: Request, maxBytes: number): Promise<string> {
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw refused('payloadTooLarge');
  if (request.body === null) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes) throw refused('payloadTooLarge');
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw refused('invalidJson');
  }
}

/** An absent body is `{}`: many clients send none with PUT and POST. Ids come out as text. */
export function parseBody(text: string): unknown {
  if (text.trim() === '') return {};
  if (isTooDeep(text)) throw refused('invalidJson');
  try {
    return idsAsText(parseJson(text));
  } catch {
    throw refused('invalidJson');
  }
}

/** Looks at the text alone, since a parser that recurses is what depth is bounded for. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 0x5c) at++;
      else if (code === 0x22) quoted = false;
    } else if (code === 0x22) quoted = true;
    else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (code === 0x7d || code === 0x5d) depth--;
  }
  return false;
}

/** Refused: invalidForm with the tree of what is wrong. */
export function check<T>(schema: ZodMiniType<T>, body: unknown): T {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  throw new Refused(refuse('invalidForm', { fields: fieldErrors(result.error.issues, body) }));
}
