/** What an error of SQLite means for the store. */

/** `batch`: this batch is wrong, the others are not. `full`, `broken`: nothing can be written until a probe succeeds. */
export type Failure = 'batch' | 'full' | 'broken';

const FULL = 13;
/** CONSTRAINT, MISMATCH, TOOBIG, RANGE: the values are at fault. */
const VALUES: ReadonlySet<number> = new Set([19, 20, 18, 25]);

/** `inTransaction`: whether SQLite still holds the transaction; after FULL, IOERR and NOMEM it has rolled it back, savepoints included. */
export function failureOf(error: unknown, inTransaction: boolean): Failure {
  const code = resultCode(error);
  if (code === FULL) return 'full';
  if (!inTransaction) return 'broken';
  return code === null || VALUES.has(code) ? 'batch' : 'broken';
}

/** The primary result code (https://sqlite.org/rescode.html); null: not an error of SQLite. */
function resultCode(error: unknown): number | null {
  const extended = typeof error === 'object' && error !== null && 'errcode' in error ? error.errcode : null;
  return typeof extended === 'number' ? extended & 0xff : null;
}

export const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
