/** Brings everything from one store to another, a chunk at a time. A chunk that is written twice is written once, so a copy goes on wherever it was. */
import { createHash } from 'node:crypto';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';
import type { Committer } from './ports.ts';
import { TRANSFER_TABLES, type TransferRow, type TransferSource, type TransferTable } from './transfer.ts';

/** Where a copy stands: everything before it is in the other store. */
export interface Place {
  readonly table: TransferTable;
  readonly after: string | null;
  /** Rows of all tables until here. */
  readonly rows: number;
}

export const START: Place = { table: TRANSFER_TABLES[0], after: null, rows: 0 };

export interface CopyOptions {
  readonly source: Pick<TransferSource, 'scan'>;
  readonly target: Pick<Committer, 'fence' | 'commit' | 'release'>;
  readonly from: Place;
  /** Rows of one chunk. */
  readonly chunk: number;
  /** Between two tries of a chunk. */
  readonly pause: () => Promise<void>;
  /** A chunk is stored: the place is remembered before the next one. */
  readonly reached: (place: Place) => Promise<void>;
}

const ATTEMPTS = 10;
/** Owners whose batches hold what belongs to nobody; no chat has such an owner. A store takes batches of different owners at once. */
const LANES = 8;

/** What is stored by reading and changing something must meet in one lane: the reactions of a message. The rest of a channel too: it lies together. */
function laneOf({ key, write }: TransferRow): OwnerKey {
  let subject = key;
  if (write.w === 'putMessage') subject = write.message.channel_id;
  else if (write.w === 'putReaction') subject = write.messageId;
  return `h:copy-${createHash('sha1').update(subject).digest().readUInt8(0) % LANES}`;
}

/** Rejects with Fault when the other store does not take a chunk, however often it is tried. */
export async function copyTables({ source, target, from, chunk, pause, reached }: CopyOptions): Promise<Place> {
  let { rows } = from;
  for (const table of TRANSFER_TABLES.slice(TRANSFER_TABLES.indexOf(from.table))) {
    let after = table === from.table ? from.after : null;
    for (let next = source.scan(table, after, chunk); ; ) {
      const found = await next;
      const last = found.at(-1);
      if (last === undefined) break;
      // Read while the chunk before it is stored.
      next = source.scan(table, last.key, chunk);
      next.catch(() => {});
      await store(target, found, pause);
      after = last.key;
      rows += found.length;
      await reached({ table, after, rows });
    }
  }
  return { table: TRANSFER_TABLES.at(-1) ?? from.table, after: null, rows };
}

async function store(
  target: CopyOptions['target'],
  rows: readonly TransferRow[],
  pause: () => Promise<void>,
): Promise<void> {
  const batches = new Map<OwnerKey, Write[]>();
  for (const row of rows) {
    const owner = row.owner ?? laneOf(row);
    const batch = batches.get(owner);
    if (batch === undefined) batches.set(owner, [row.write]);
    else batch.push(row.write);
  }
  // A chunk has at most as many owners as rows.
  const stored = await Promise.allSettled(
    [...batches].map(([owner, writes]) => storeBatch(target, owner, writes, pause)),
  );
  for (const each of stored) if (each.status === 'rejected') throw each.reason;
}

async function storeBatch(
  target: CopyOptions['target'],
  owner: OwnerKey,
  writes: readonly Write[],
  pause: () => Promise<void>,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const epoch = await target.fence(owner);
      await target.commit({ owner, epoch, writes });
      return target.release(owner, epoch);
    } catch (error) {
      if (!(error instanceof Fault) || !error.retryable || attempt === ATTEMPTS) throw error;
      await pause();
    }
  }
}
