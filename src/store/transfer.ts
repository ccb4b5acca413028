/** What a store gives so that everything in it can be brought to another one: each stored thing as the write that makes it again. */
import type { OwnerKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';
import type { Committer } from './ports.ts';

/** In the order they are copied: what others lead to comes late, so that a copy that was given up has nothing that leads nowhere. */
export const TRANSFER_TABLES = [
  ...(['messages', 'reactions', 'pins', 'channelOwners', 'roles', 'members', 'bans', 'channels', 'guilds'] as const),
  ...(['invites', 'dms', 'openDms', 'applications', 'commands', 'heard', 'users', 'logins', 'tokens'] as const),
  ...(['tells', 'journal', 'nonces', 'results'] as const),
] as const;
export type TransferTable = (typeof TRANSFER_TABLES)[number];

/** They are forgotten within minutes, by the store itself: copied, but not compared. */
export const SHORT_LIVED: ReadonlySet<TransferTable> = new Set<TransferTable>(['journal', 'nonces', 'results']);

export interface TransferRow {
  /** Where it stands: a later `scan` goes on after it. */
  readonly key: string;
  /** Whose batch it must be in; null: anybody's. */
  readonly owner: OwnerKey | null;
  readonly write: Write;
}

/** Nobody else may have the store open. */
export interface TransferSource {
  /** Things of a table in an order that never changes, after `after`, at most `limit`. */
  scan(table: TransferTable, after: string | null, limit: number): Promise<readonly TransferRow[]>;
  /** How many there are, roughly. */
  count(table: TransferTable): Promise<number>;
  /** At least the last epoch that was given. */
  epoch(): Promise<number>;
  close(): Promise<void>;
}

export interface TransferTarget extends TransferSource {
  readonly committer: Committer;
}

/** Opens the other side with epochs that are greater than `epoch`: row numbers only grow, whoever has heard some of them. */
export type OpenTarget = (epoch: number) => Promise<TransferTarget>;
