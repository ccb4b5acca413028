/**
 * A pipe over a MessagePort. Waking the other thread is what costs: how many batches were taken is said with the next batch, and by itself only
 * when many were or nothing else is said. What JSON can say crosses as texts, which is several times cheaper than a clone of objects; texts of bodies, which
 * may be long, are not written into it but cross beside it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
import type { Body, RelayEntry } from '../protocol/envelope.ts';
import { parseOwn } from '../protocol/json.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { Pipe } from './pipe.ts';

/** JSON of the messages without the texts of their bodies, or null for one that crosses as it is; then, in their order, these texts and messages. Or nothing. */
type Batch = readonly (LinkMessage | string)[];

/** Batches taken since the last word of it, then a batch. */
type Posted = readonly [taken: number, ...batch: Batch];

/** Taken and not said, at most: batches, messages of one batch, milliseconds. A link's bounds are far above. */
const QUIET = { batches: 16, messages: 64, ms: 20 } as const;

export function portPipe(port: MessagePort, clock: Pick<Clock, 'after'>): Pipe {
  let taken = (): void => {};
  let unsaid = 0;
  let timer: Timer | null = null;
  const post = (batch: Batch): void => {
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

type Change = (body: Body) => Body;

/** The same message with other bodies, which are changed in one order: what is packed by it is unpacked by it. */
function withBodies(message: LinkMessage, change: Change): LinkMessage {
  if (message.m === 'outlet' && message.entry.what === 'relay') {
    const { relay } = message.entry;
    return { m: 'outlet', entry: { what: 'relay', relay: { ...relay, entry: entryWith(relay.entry, change) } } };
  }
  if (message.m !== 'residence' || message.message.r !== 'session') return message;
  const { data, ...rest } = message.message;
  const missed = data.missed.map((each) => ({ ...each, body: change(each.body) }));
  return { m: 'residence', message: { ...rest, data: { ...data, missed } } };
}

function entryWith(entry: RelayEntry, change: Change): RelayEntry {
  const changed = (body: Body | null): Body | null => (body === null ? null : change(body));
  switch (entry.kind) {
    case 'event':
      return { ...entry, body: change(entry.body) };
    case 'moves':
      return { ...entry, created: changed(entry.created), deleted: changed(entry.deleted) };
    case 'answer':
      return { ...entry, missed: entry.missed?.map(change) ?? null, create: changed(entry.create) };
    default:
      return entry;
  }
}

/** Bytes and figures that JSON cannot say. */
const isClonedAsItIs = ({ m }: LinkMessage): boolean => m === 'fetched' || m === 'measured';

function pack(batch: readonly LinkMessage[]): Batch {
  const rest: (string | LinkMessage)[] = [];
  const heads = batch.map((message) => {
    if (!isClonedAsItIs(message)) {
      return withBodies(message, (body) => {
        rest.push(body.d);
        return { ...body, d: '' };
      });
    }
    rest.push(message);
    return null;
  });
  return [JSON.stringify(heads), ...rest];
}

function unpack([heads = '[]', ...rest]: Batch): readonly LinkMessage[] {
  let at = 0;
  const next = (): string | LinkMessage => rest[at++] ?? '';
  return parseOwn<(LinkMessage | null)[]>(String(heads)).map((head) =>
    head === null ? (next() as LinkMessage) : withBodies(head, (body) => ({ ...body, d: String(next()) })),
  );
}
