/** Entry point of the writer thread: ports in, `Writer` in the middle, real timers. */
import { statSync } from 'node:fs';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../base/assert.ts';
import { realClock } from '../../base/clock.ts';
import { BEAT_MS, type Control, type ControlAnswer, Outbox, type WriterRequests } from '../thread/wire.ts';
import { openWriter } from './open.ts';
import { WAL_BOUNDS, Wal, walBounds } from './wal.ts';
import { Writer } from './writer.ts';

export interface WriterThreadData {
  readonly path: string;
  readonly probeMs: number;
  readonly batchesPerCommit: number | undefined;
  readonly walBytes: number | undefined;
}

const main = parentPort;
assert(main !== null, 'the writer thread has a parent');
const { path, probeMs, batchesPerCommit, walBytes } = workerData as WriterThreadData;
const db = openWriter(path);
const wal = new Wal(db, walBytes === undefined ? WAL_BOUNDS : walBounds(walBytes));
const inode = inodeOf();
const outboxes = new Set<Outbox>();
let scheduled = false;
let closed = false;

const tell = (state: string): void => {
  for (const outbox of outboxes) outbox.answer(0, 'state', state);
};
const entered = (state: string): void => {
  tell(state);
  if (state !== 'open') realClock.after(probeMs, probe);
};
const writer = new Writer(db, wal, entered, batchesPerCommit);

function probe(): void {
  if (closed) return;
  writer.probe();
  if (writer.state !== 'open') realClock.after(probeMs, probe);
  flush();
}

/** While a transaction runs, or hangs, nothing is said: that is the sign. */
function beat(): void {
  if (closed) return;
  // What is written to a file without a name is found by nobody, and another store may be made in its place.
  if (inodeOf() !== inode) throw new Error(`${path} has been removed or replaced while it was in use`);
  tell(writer.state);
  flush();
  realClock.after(BEAT_MS, beat);
}

function inodeOf(): bigint | null {
  return statSync(path, { bigint: true, throwIfNoEntry: false })?.ino ?? null;
}

function flush(): void {
  for (const outbox of outboxes) outbox.flush();
}

/** What arrives while a transaction runs waits in the ports; it is all taken before the next one begins. */
function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(() => {
    scheduled = false;
    if (closed) return;
    writer.round();
    flush();
    if (writer.waiting > 0) schedule();
  });
}

function connect(port: MessagePort): void {
  const outbox = new Outbox(port);
  outboxes.add(outbox);
  outbox.answer(0, 'state', writer.state);
  outbox.flush();
  port.on('message', (requests: WriterRequests) => {
    writer.take(requests, outbox);
    schedule();
  });
  port.on('close', () => outboxes.delete(outbox));
}

function close(): void {
  while (writer.waiting > 0) writer.round();
  closed = true;
  tell('closed');
  flush();
  try {
    wal.empty();
  } finally {
    db.close();
    main?.postMessage('closed' satisfies ControlAnswer);
  }
}

main.on('message', (control: Control) => {
  if (control.do === 'connect') connect(control.port);
  else if (control.do === 'close') close();
  else db.exec(`pragma max_page_count = ${Math.max(1, Math.floor(control.bytes / 4096))}`);
});
beat();
main.postMessage('ready' satisfies ControlAnswer);
