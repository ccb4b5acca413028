/** A worker whose outlet can be made to stand still: while its slot is the one on the channel `still`, nothing leaves its queue. */
import { BroadcastChannel, workerData } from 'node:worker_threads';
import { Flush } from '../../src/gateway/flush.ts';
import type { WorkerStart } from '../../src/threads.ts';

const STILL = 'still';

/** Null: that of no worker stands still. */
export function standStill(slot: number | null): void {
  const orders = new BroadcastChannel(STILL);
  orders.postMessage(slot);
  orders.close();
}

const { slot } = (workerData ?? { slot: null }) as Pick<WorkerStart, 'slot'> | { slot: null };
if (slot !== null) {
  const { run } = Flush.prototype;
  let isStill = false;
  const orders = new BroadcastChannel(STILL);
  orders.onmessage = (message) => {
    isStill = (message as MessageEvent<number | null>).data === slot;
  };
  Flush.prototype.run = function (): void {
    if (!isStill) run.call(this);
  };
  await import('../../src/worker.ts');
}
