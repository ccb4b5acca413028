/** A pipe over a MessagePort: arrays are batches, the number 1 says that one was taken. */
import type { MessagePort } from 'node:worker_threads';
import type { LinkMessage } from '../protocol/links.ts';
import type { Pipe } from './pipe.ts';

const TAKEN = 1;

export function portPipe(port: MessagePort): Pipe {
  let taken = (): void => {};
  return {
    post: (batch) => port.postMessage(batch),
    onBatch(hear) {
      port.on('message', (message: readonly LinkMessage[] | typeof TAKEN) => {
        if (message === TAKEN) {
          taken();
          return;
        }
        hear(message);
        port.postMessage(TAKEN);
      });
    },
    onTaken(then) {
      taken = then;
    },
    onClose: (closed) => void port.on('close', closed),
    close: () => port.close(),
  };
}
