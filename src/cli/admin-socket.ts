/** HTTP over the unix socket in the data directory. Whoever may open the socket (mode 0600) is the server's owner. */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { LIMITS } from '../limits.ts';
import { CommandError, Unanswered } from './command.ts';

export interface AdminAnswer {
  readonly status: number;
  readonly text: string;
}

/** Nobody listens there: no such file, or one that a dead server left. */
const NOBODY: ReadonlySet<unknown> = new Set(['ENOENT', 'ECONNREFUSED', 'FailedToOpenSocket']);

/** The socket, or its directory, is another user's. What asked has sent nothing. */
const CLOSED: ReadonlySet<unknown> = new Set(['EACCES', 'EPERM']);

/** Null: the error is another one. */
export const closedSocket = (socketPath: string, error: { readonly code?: unknown }): string | null =>
  CLOSED.has(error.code) ? `${socketPath} is closed to this user: run this as the user who runs the server` : null;

/** Null: no server is running. An answer that breaks off is an error, not a reason to ask again: it may have been done. */
export function askSocket(socketPath: string, path: string, body: string): Promise<AdminAnswer | null> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error & { readonly code?: unknown }): void => {
      const closed = closedSocket(socketPath, error);
      if (NOBODY.has(error.code)) resolve(null);
      else if (closed !== null) reject(new CommandError(closed));
      else reject(new Unanswered(`the server at ${socketPath} does not answer: ${error.message}`));
    };
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const timeout = LIMITS.requestIdleMs;
    const outgoing = httpRequest({ socketPath, path, method: 'POST', headers, timeout }, (incoming) => {
      readText(incoming).then((text) => resolve({ status: incoming.statusCode ?? 0, text }), fail);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('it takes too long')));
    outgoing.on('error', fail);
    outgoing.end(body);
  });
}

export async function readText(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming.setEncoding('utf8')) {
    text += String(chunk);
    if (text.length > LIMITS.bodyBytes) throw new Error('the answer is too long');
  }
  return text;
}
