/** The unix socket of the command line: HTTP on a path in the data directory that only its owner may open. */
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

export type Handle = (request: Request) => Promise<Response>;

export interface AdminSocket {
  close(): Promise<void>;
}

const MAX_BODY_BYTES = 1 << 20;

/** The store's lock is held by this process, so a socket file that is already there is left over from one that died. */
export async function openAdminSocket(path: string, handle: Handle): Promise<AdminSocket> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => void serve(request, response, handle));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function serve(request: IncomingMessage, response: ServerResponse, handle: Handle): Promise<void> {
  try {
    const body = await read(request);
    const method = request.method ?? 'GET';
    const init = { method, headers: { 'content-type': 'application/json' } };
    const url = new URL(request.url ?? '/', 'http://guildhall');
    const answer = await handle(new Request(url.href, method === 'GET' ? init : { ...init, body }));
    response.writeHead(answer.status, Object.fromEntries(answer.headers));
    response.end(await answer.text());
  } catch {
    response.writeHead(400).end();
  }
}

async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw new RangeError('the body is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
