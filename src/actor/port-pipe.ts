/**
 * A pipe over a MessagePort. Waking the other thread is what costs: how many batches were taken is said with the next batch, and by itself only
 * when many were or nothing else is said.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
import type { LinkMessage } from '../protocol/links.ts';
import { type Packed, pack, unpack } from './packing.ts';
import type { Pipe } from './pipe.ts';

/** Batches taken since the last word of it, then a batch. */
type Posted = readonly [taken: number, ...batch: Packed];

/** Taken and not said, at most: batches, messages of one batch, milliseconds. A link's bounds are far above. */
const QUIET = { batches: 16, messages: 64, ms: 20 } as const;

export function portPipe(port: MessagePort, clock: Pick<Clock, 'after'>): Pipe {
  let taken = (): void => {};
  let unsaid = 0;
  let timer: Timer | null = null;
  const post = (batch: Packed): void => {
    timer?.cancel();
    timer = null;
    port.postMessage([unsaid, ...batch] satisfies Posted);
    unsaid = 0;
  };
  const take = ([count, ...batch]: Posted, hear: (batch: readonly LinkMessage[]) => void): void => {
    for (let n = 0; n < count; n += 1) taken();
    if (batch.length === 0) return;
    const messages = unpack(batch);
    hear(messages);
    unsaid += 1;
    if (unsaid >= QUIET.batches || messages.length >= QUIET.messages) post([]);
    else timer ??= clock.after(QUIET.ms, () => post([]));
  };
  return {
    post: (batch) => post(pack(batch)),
    onBatch: (hear) => void port.on('message', (posted: Posted) => take(posted, hear)),
    onTaken(then) {
      taken = then;
    },
    onClose: (closed) => void port.on('close', closed),
    close() {
      timer?.cancel();
      port.close();
    },
  };
}
