/** A worker that can be made to hang: told its slot on the channel `hang`, it never comes back to its loop. */
import { BroadcastChannel, workerData } from 'node:worker_threads';
import type { WorkerStart } from '../../src/threads.ts';

export const HANG = 'hang';

const { slot } = (workerData ?? { slot: null }) as Pick<WorkerStart, 'slot'> | { slot: null };
if (slot !== null) {
  const orders = new BroadcastChannel(HANG);
  orders.onmessage = (message) => {
    while ((message as MessageEvent<number>).data === slot);
  };
  await import('../../src/worker.ts');
}
