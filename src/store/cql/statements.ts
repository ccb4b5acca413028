/** Every write: what a worker posts to the store's thread, and what that thread makes of it. */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Write } from '../../protocol/writes.ts';
import { handle, type WriteHandlers, type WriteName } from '../subjects.ts';
import type { Db } from './db.ts';
import { compile, type Ops } from './draft.ts';
import { guildKnown, guildReads, guildWrites } from './guilds.ts';
import { journalKnown, journalReads, journalWrites } from './journal.ts';
import { messageKnown, messageReads, messageWrites } from './messages.ts';
import { userKnown, userReads, userWrites } from './users.ts';

export const KNOWN = compile({ ...messageKnown, ...guildKnown, ...userKnown, ...journalKnown });

const WRITES: WriteHandlers<WriteName, Ops> = { ...messageWrites, ...guildWrites, ...userWrites, ...journalWrites };

/** A batch as names with their arguments, made on the worker so that the store's one thread has less to do. */
export function encodeBatch(owner: OwnerKey, writes: readonly Write[]): (string | number)[] {
  const ops: (string | number)[] = [];
  for (const write of writes) for (const part of handle(WRITES, write, owner)) ops.push(part);
  return ops;
}

export const allReads = (db: Db) => ({
  ...messageReads(db),
  ...guildReads(db),
  ...userReads(db),
  ...journalReads(db),
});
