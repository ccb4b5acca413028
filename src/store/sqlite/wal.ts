import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { first } from './queries.ts';

export interface WalBounds {
  /** Above it the writer copies the log into the database between two transactions, as far as readers let it. */
  readonly softBytes: number;
  /** Above it the writer waits for readers, at most its busy timeout, so that the log starts anew. */
  readonly hardBytes: number;
}

/** So large the log may become; from an eighth of it on it is copied. */
export const walBounds = (bytes: number): WalBounds => ({ softBytes: bytes / 8, hardBytes: bytes });
export const WAL_BOUNDS: WalBounds = walBounds(64 << 20);

/** Statements between two looks at the log. */
const LOOK_EVERY = 256;

/**
 * Keeps the write-ahead log bounded without `wal_autocheckpoint`, which would run inside somebody's commit.
 * When the log has been copied whole, the next transaction writes it from its start again.
 */
export class Wal {
  readonly #bounds: WalBounds;
  readonly #pageBytes: number;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  readonly #truncate: StatementSync;
  #statements = 0;

  constructor(db: DatabaseSync, bounds: WalBounds = WAL_BOUNDS) {
    this.#bounds = bounds;
    this.#pageBytes = first<{ page_size: number }>(db.prepare('pragma page_size'))?.page_size ?? 4096;
    // Before SQLite 3.51 an unknown mode means passive: correct, and only more often than needed.
    this.#look = db.prepare('pragma wal_checkpoint(noop)');
    this.#copy = db.prepare('pragma wal_checkpoint(passive)');
    this.#truncate = db.prepare('pragma wal_checkpoint(truncate)');
  }

  /** Between two transactions, after one of so many statements. Throws what SQLite throws. */
  bound(statements: number): void {
    this.#statements += statements;
    if (this.#statements < LOOK_EVERY) return;
    this.#statements = 0;
    const bytes = this.#bytes();
    if (bytes > this.#bounds.hardBytes) this.#truncate.all();
    else if (bytes > this.#bounds.softBytes) this.#copy.all();
  }

  /** Empties the log, as far as readers let it. */
  empty(): void {
    this.#truncate.all();
  }

  #bytes(): number {
    return (first<{ log: number }>(this.#look)?.log ?? 0) * this.#pageBytes;
  }
}
