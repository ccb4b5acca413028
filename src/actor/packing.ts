/**
 * A batch as it crosses to another thread. What JSON can say crosses as texts, which is several times cheaper than a clone of objects; texts of bodies, which
 * may be long, are not written into it but cross beside it.
 */
import type { Body, RelayEntry } from '../protocol/envelope.ts';
import { parseOwn } from '../protocol/json.ts';
import type { LinkMessage } from '../protocol/links.ts';

/** JSON of the messages without the texts of their bodies, or null for one that crosses as it is; then, in their order, these texts and messages. Or nothing. */
export type Packed = readonly (LinkMessage | string)[];

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

export function pack(batch: readonly LinkMessage[]): Packed {
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

export function unpack([heads = '[]', ...rest]: Packed): readonly LinkMessage[] {
  let at = 0;
  const next = (): string | LinkMessage => rest[at++] ?? '';
  return parseOwn<(LinkMessage | null)[]>(String(heads)).map((head) =>
    head === null ? (next() as LinkMessage) : withBodies(head, (body) => ({ ...body, d: String(next()) })),
  );
}
