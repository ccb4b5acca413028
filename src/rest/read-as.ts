/** A shared read as one reader gets it: his own reactions marked, and content only where he may have it. */
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import type { OwnReactions } from '../store/ports.ts';
import type { Call } from './call.ts';
import { decodeBody, hideContent, markMine } from './encode-messages.ts';
import { readerOf } from './message-wire.ts';

const NONE: OwnReactions = new Map();

/** The same for every reader. `mayRead` has allowed it to this one. */
export function readShared(call: Call, owner: OwnerKey, read: SharedRead): Promise<SharedBody> {
  return whileThere(call, (signal) => call.edge.reads.ask(owner, read, signal));
}

async function whileThere<T>({ request: { signal } }: Call, read: (signal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await read(signal);
  } catch (error) {
    if (signal.aborted) throw new Fault('lost', true, 'the client is gone');
    throw error;
  }
}

/** `readOf`: the read, with or without content. Null: the message that was asked for is not there. */
export async function readAs(
  call: Call,
  owner: OwnerKey,
  readOf: (bare: boolean) => SharedRead,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const reader = readerOf(call.account, owner);
  const read = readOf(!reader.all);
  const body = await readShared(call, owner, read);
  // Who is named in it sees more than others do: he alone pays for it.
  const isNamed = !reader.all && body.named.includes(reader.user);
  const whole = isNamed ? await readShared(call, owner, readOf(false)) : body;
  const marked = markMine(whole, await mineOf(call, read, whole));
  return marked === null || !isNamed ? marked : hideContent(marked, read, reader);
}

/** His own reactions: none is read where nobody has reacted, and those of all who ask in one turn are one query. */
async function mineOf(
  call: Call,
  { channelId, generation }: SharedRead,
  { reacted }: SharedBody,
): Promise<OwnReactions> {
  if (reacted.length === 0) return NONE;
  const ids = reacted.map(({ id }) => id);
  const read = { what: 'mine', channelId, generation, user: call.userId, ids } as const;
  const { json } = await whileThere(call, (signal) => call.edge.deps.reads.shared.serve(read, signal));
  return json === null ? NONE : new Map(decodeBody<[Snowflake, readonly string[]][]>(json));
}
