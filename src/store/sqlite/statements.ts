/** Every write as statements: what a worker posts to the writer thread, and what that thread prepares. */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Write } from '../../protocol/writes.ts';
import { handle, type WriteHandlers, type WriteName } from '../subjects.ts';
import { guildSql, guildWrites } from './guilds.ts';
import { journalSql, journalWrites } from './journal.ts';
import { messageSql, messageWrites } from './messages.ts';
import type { Ops } from './queries.ts';
import { userSql, userWrites } from './users.ts';

/** Statement by name. No two subjects share a name: the tables of a test say so. */
export const WRITE_SQL: Readonly<Record<string, string>> = { ...messageSql, ...guildSql, ...userSql, ...journalSql };

const WRITES: WriteHandlers<WriteName, Ops> = { ...messageWrites, ...guildWrites, ...userWrites, ...journalWrites };

/** A batch as statements with their parameters, made on the worker so that the one writer thread only binds and steps. */
export function encodeBatch(owner: OwnerKey, writes: readonly Write[]): (string | number)[] {
  const ops: (string | number)[] = [];
  for (const write of writes) for (const part of handle(WRITES, write, owner)) ops.push(part);
  return ops;
}

/** How many parameters a statement takes. */
export function arityOf(sql: string): number {
  return Math.max(0, ...[...sql.matchAll(/\?(\d+)/g)].map(([, number]) => Number(number)));
}
