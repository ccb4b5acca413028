/** Entry point of a reader thread: its own connection, so that no read waits for an fsync. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { realClock } from '../../base/clock.ts';
import { type Control, type ControlAnswer, Outbox, type ReaderRequests } from '../thread/wire.ts';
import { openReader } from './open.ts';
import { ReadQueue } from './read-queue.ts';
import { Reader } from './reader.ts';

export interface ReaderThreadData {
  readonly path: string;
}

const main = parentPort;
assert(main !== null, 'a reader thread has a parent');
const { path } = workerData as ReaderThreadData;
const db = openReader(path);
const reader = new Reader(db);

function connect(port: MessagePort): void {
  const queue = new ReadQueue(realClock, new Outbox(port), reader);
  port.on('message', (requests: ReaderRequests) => queue.take(requests));
  port.on('close', () => queue.close());
}

main.on('message', (control: Control) => {
  if (control.do === 'connect') connect(control.port);
  if (control.do !== 'close') return;
  db.close();
  main.postMessage('closed' satisfies ControlAnswer);
});
main.postMessage('ready' satisfies ControlAnswer);
