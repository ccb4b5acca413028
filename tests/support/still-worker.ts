/**
 * A worker whose events can be made to stop at its outlet: while its slot is the one on the channel `still`, nothing leaves the outlet's queue, what is
 * published is not written by the runtime, or there is no socket any more.
 */
import { BroadcastChannel, workerData } from 'node:worker_threads';
import { Flush } from '../../src/gateway/flush.ts';
import type { WorkerStart } from '../../src/threads.ts';

const STILL = 'still';

export type Stop = 'outlet' | 'publish' | 'socket';

interface Order {
  /** Null: all is well everywhere. */
  readonly slot: number | null;
  readonly stop: Stop | null;
}

export function standStill(slot: number | null, stop: Stop | null = null): void {
  const orders = new BroadcastChannel(STILL);
  orders.postMessage({ slot, stop } satisfies Order);
  orders.close();
}

const { slot } = (workerData ?? { slot: null }) as Pick<WorkerStart, 'slot'> | { slot: null };
if (slot !== null) {
  const { run } = Flush.prototype;
  const { serve } = Bun;
  let still: Stop | null = null;
  const orders = new BroadcastChannel(STILL);
  orders.onmessage = (message) => {
    const order = (message as MessageEvent<Order>).data;
    still = order.slot === slot ? order.stop : null;
  };
  Flush.prototype.run = function (): void {
    if (still !== 'outlet') run.call(this);
  };
  Bun.serve = ((options: Parameters<typeof serve>[0]) => {
    if (still === 'socket') throw new Error('no socket is left');
    const server = serve(options);
    const publish = server.publish.bind(server);
    return Object.assign(server, {
      publish: (...said: Parameters<typeof publish>) => (still === 'publish' ? 0 : publish(...said)),
    });
  }) as typeof serve;
  await import('../../src/worker.ts');
}
