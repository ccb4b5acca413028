/** Whether an address can be listened on, said before anything starts there. */
import { createServer } from 'node:net';

/** How the options are called that say where: they may be one. */
export interface Where {
  readonly port: string;
  readonly host: string;
}

const OF_SERVER: Where = { port: '--port', host: '--host' };

/**
 * Rejects with a sentence when it cannot be had. The workers share it by SO_REUSEPORT, by which a second server of the same user would share it too
 * and get some of the connections; so it is first opened alone, and closed again. Port 0 is always free, its host may still be none of this machine.
 */
export async function probePort(host: string, port: number, where: Where = OF_SERVER): Promise<void> {
  const alone = createServer((socket) => socket.destroy());
  try {
    await new Promise<void>((resolve, reject) => {
      alone.once('error', reject);
      alone.listen({ host, port, exclusive: true }, resolve);
    });
    await new Promise<void>((resolve) => alone.close(() => resolve()));
  } catch (cause) {
    throw new Error(sentenceOf(cause as NodeJS.ErrnoException, host, port, where), { cause });
  }
}

function sentenceOf({ code, message }: NodeJS.ErrnoException, host: string, port: number, where: Where): string {
  const closed = `Port ${port} of ${host} cannot be opened`;
  switch (code) {
    case 'EADDRINUSE':
      return `${closed}: something else listens there. Stop that, or give another ${where.port}.`;
    case 'EACCES':
      return `${closed}: this user may not open it. Give a ${where.port} above 1023.`;
    case 'EADDRNOTAVAIL':
      return `Nothing can listen on ${host}: this machine has no such address. Give another ${where.host}.`;
    // The runtime gives no code for a name that leads nowhere.
    case undefined:
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `Nothing can listen on ${host}: there is no address of that name. Give another ${where.host}.`;
    default:
      return `${closed}: ${message}`;
  }
}
