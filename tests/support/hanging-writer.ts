/**
 * A writer thread that can be made to hang as on a disk that does not answer: told the path of a FIFO on the channel `hang the writer`, it
 * opens it to read, and the kernel holds it until somebody opens the other end.
 */
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

const CHANNEL = 'hang the writer';

if (!isMainThread) {
  const orders = new BroadcastChannel(CHANNEL);
  orders.onmessage = (message) => closeSync(openSync(String((message as MessageEvent<string>).data), 'r'));
  await import('../../src/store/sqlite/writer-thread.ts');
}

/** `fifo`: made with `mkfifo`. */
export function hangWriter(fifo: string): void {
  const orders = new BroadcastChannel(CHANNEL);
  orders.postMessage(fifo);
  orders.close();
}

/** Lets it go on, if it hangs. */
export async function releaseWriter(fifo: string): Promise<void> {
  const end = await open(fifo, 'r+');
  await end.close();
}
