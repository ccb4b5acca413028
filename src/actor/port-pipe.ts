/**
 * A pipe over a MessagePort. Waking the other thread is what costs: how many batches were taken is said with the next batch, and by itself only
 * when many were or nothing else is said. What JSON can say crosses as texts, which is several times cheaper than a clone of objects.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../base/clock.ts';
import type { Body, Relay } from '../protocol/envelope.ts';
import { parseOwn } from '../protocol/json.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { Pipe } from './pipe.ts';

/** Batches taken since the last word of it, then a batch: its messages, or one text of them followed by the texts of their events' bodies. */
type Posted = readonly [taken: number, ...batch: readonly (LinkMessage | string)[]];

/** Taken and not said, at most: batches, messages of one batch, milliseconds. A link's bounds are far above. */
const QUIET = { batches: 16, messages: 64, ms: 20 } as const;

export function portPipe(port: MessagePort, clock: Pick<Clock, 'after'>): Pipe {
  let taken = (): void => {};
  let unsaid = 0;
  let timer: Timer | null = null;
  const post = (batch: readonly (LinkMessage | string)[]): void => {
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

/** An event without the text of its body. */
interface Event {
  readonly m: 'event';
  readonly relay: Omit<Relay, 'entry'>;
  readonly topic: string;
  readonly body: Omit<Body, 'd'>;
}

/** Null: it may carry whole snapshots, or what is no JSON. */
function plain(message: LinkMessage, texts: string[]): LinkMessage | Event | null {
  switch (message.m) {
    case 'ask':
    case 'read':
    case 'answer':
    case 'fault':
    case 'tell':
    case 'confirm':
      return message;
    case 'outlet':
      return message.entry.what === 'relay' ? eventOf(message.entry.relay, texts) : null;
    default:
      return null;
  }
}

function eventOf({ entry, ...relay }: Relay, texts: string[]): Event | null {
  if (entry.kind !== 'event') return null;
  const { d, ...body } = entry.body;
  texts.push(d);
  return { m: 'event', relay, topic: entry.topic, body };
}

function pack(batch: readonly LinkMessage[]): readonly (LinkMessage | string)[] {
  const texts: string[] = [];
  const heads: (LinkMessage | Event)[] = [];
  for (const message of batch) {
    const head = plain(message, texts);
    if (head === null) return batch;
    heads.push(head);
  }
  return [JSON.stringify(heads), ...texts];
}

function unpack(batch: readonly (LinkMessage | string)[]): readonly LinkMessage[] {
  const [first, ...texts] = batch;
  if (typeof first !== 'string') return batch as readonly LinkMessage[];
  let next = 0;
  const whole = ({ relay, topic, body }: Event): LinkMessage => {
    const d = String(texts[next]);
    next += 1;
    return {
      m: 'outlet',
      entry: { what: 'relay', relay: { ...relay, entry: { kind: 'event', topic, body: { ...body, d } } } },
    };
  };
  return parseOwn<(LinkMessage | Event)[]>(first).map((head) => (head.m === 'event' ? whole(head) : head));
}
