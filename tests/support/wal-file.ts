/** The write-ahead log of a dead store as SQLite lays it down (sqlite.org/fileformat2.html#the_write_ahead_log): where its transactions end. */
import { readFileSync } from 'node:fs';

const HEAD_BYTES = 32;
const FRAME_HEAD_BYTES = 24;
const PAGE_SIZE_AT = 8;
const SALTS_AT = 16;

export interface Frame {
  readonly from: number;
  readonly to: number;
  /** Where its page begins, after its head. */
  readonly page: number;
}

export interface WalFile {
  readonly bytes: Buffer;
  /** Of the last transaction, in order; the last of them ends it. */
  readonly last: readonly Frame[];
  /** Bytes up to the end of the transaction before. */
  readonly before: number;
}

/** Frames of an earlier use of the file have other salts. Throws when there are fewer than two transactions. */
export function readWal(path: string): WalFile {
  const bytes = readFileSync(path);
  const pageBytes = bytes.readUInt32BE(PAGE_SIZE_AT);
  const salts = bytes.subarray(SALTS_AT, SALTS_AT + 8);
  const transactions: Frame[][] = [[]];
  for (let from = HEAD_BYTES; ; ) {
    const page = from + FRAME_HEAD_BYTES;
    const to = page + pageBytes;
    if (to > bytes.length || !bytes.subarray(from + 8, from + 16).equals(salts)) break;
    transactions.at(-1)?.push({ from, to, page });
    // The frame that ends a transaction says how large the database is then.
    if (bytes.readUInt32BE(from + 4) !== 0) transactions.push([]);
    from = to;
  }
  // What follows the last end was never committed.
  const [previous, last] = transactions.slice(-3, -1);
  if (previous === undefined || last === undefined) throw new Error('the log holds fewer than two transactions');
  return { bytes, last, before: last[0]?.from ?? 0 };
}
