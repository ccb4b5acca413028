/** Whether the port can be had, said before any worker starts. */
import { createServer } from 'node:net';

const WHY: Readonly<Record<string, string>> = {
  EADDRINUSE: 'something else listens there. Stop that, or give another --port.',
  EACCES: 'this user may not open it. Give a --port above 1023.',
  EADDRNOTAVAIL: 'this machine has no such address. Give another --host.',
};

/**
 * Rejects with a sentence when it cannot be had. The workers share it by SO_REUSEPORT, by which a second server of the same user would share it too
 * and get some of the connections; so it is first opened alone, and closed again. Port 0 is always free.
 */
export async function probePort(host: string, port: number): Promise<void> {
  if (port === 0) return;
  const alone = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      alone.once('error', reject);
      alone.listen({ host, port, exclusive: true }, resolve);
    });
    await new Promise<void>((resolve) => alone.close(() => resolve()));
  } catch (cause) {
    const { code, message } = cause as Error & { readonly code?: string };
    throw new Error(`Port ${port} of ${host} cannot be opened: ${WHY[code ?? ''] ?? message}`, { cause });
  }
}
