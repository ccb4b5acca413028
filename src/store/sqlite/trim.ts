import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { JOURNAL_MS, JOURNAL_ROWS, REMEMBERED_MS } from '../retention.ts';
import { first, slotOf } from './queries.ts';

/** Writes of one kind between two steps of its trimming. */
const EVERY = 128;
/** Old rows one step deletes: more than are written meanwhile, so that it catches up. */
const AT_ONCE = 4 * EVERY;
/** Owners one step of the journal looks at. */
const OWNERS_AT_ONCE = 16;
const MAX_COUNTED = 100_000;

/**
 * Deletes what is too old, a little with the writes that add to it: the work grows with the writes, an idle store does none.
 * Time is that of the newest write.
 */
export class Trim {
  readonly #rowsOf = new Map<string, number>();
  readonly #newest = { putRow: 0, putNonce: 0, putResult: 0 };
  readonly #since = { putRow: 0, putNonce: 0, putResult: 0 };
  readonly #statements: Readonly<Record<'nonces' | 'results' | 'ring' | 'next' | 'old', StatementSync>>;
  #busy: string[] = [];
  #cursor = '';

  constructor(db: DatabaseSync) {
    this.#statements = {
      nonces: db.prepare(`delete from nonces where (slot, channel_id, author_id, nonce) in
        (select slot, channel_id, author_id, nonce from nonces where slot < ?1 limit ?2)`),
      results: db.prepare(`delete from results where (slot, owner, command_id) in
        (select slot, owner, command_id from results where slot < ?1 limit ?2)`),
      ring: db.prepare(`delete from journal where owner = ?1 and seq <=
        (select seq from journal where owner = ?1 order by seq desc limit 1 offset ?2)`),
      next: db.prepare('select owner, at from journal where owner > ?1 order by owner, seq limit 1'),
      old: db.prepare(`delete from journal where owner = ?1 and at < ?2
        and seq < (select max(seq) from journal where owner = ?1)`),
    };
  }

  /** A statement that was run. `at`: its last parameter. */
  saw(name: string, owner: string, at: number): void {
    if (name !== 'putRow' && name !== 'putNonce' && name !== 'putResult') return;
    this.#newest[name] = Math.max(this.#newest[name], at);
    this.#since[name] += 1;
    if (name !== 'putRow') return;
    const rows = (this.#rowsOf.get(owner) ?? 0) + 1;
    if (rows % EVERY === 0) this.#busy.push(owner);
    // Forgetting the counts lets rings grow by one step at most.
    if (this.#rowsOf.size >= MAX_COUNTED) this.#rowsOf.clear();
    this.#rowsOf.set(owner, rows);
  }

  /** Runs in a transaction, at its end. */
  step(): void {
    const { nonces, results, ring } = this.#statements;
    if (this.#due('putNonce')) nonces.run(slotOf(this.#newest.putNonce - REMEMBERED_MS), AT_ONCE);
    if (this.#due('putResult')) results.run(slotOf(this.#newest.putResult - REMEMBERED_MS), AT_ONCE);
    if (this.#due('putRow')) this.#sweep();
    for (const owner of this.#busy) ring.run(owner, JOURNAL_ROWS);
    this.#busy = [];
  }

  #due(name: 'putRow' | 'putNonce' | 'putResult'): boolean {
    if (this.#since[name] < EVERY) return false;
    this.#since[name] = 0;
    return true;
  }

  /** Looks at the next few owners; the journal of one who is silent shrinks to its newest row. */
  #sweep(): void {
    const { next, old } = this.#statements;
    const border = this.#newest.putRow - JOURNAL_MS;
    for (let n = 0; n < OWNERS_AT_ONCE; n += 1) {
      const oldest = first<{ owner: string; at: number }>(next, this.#cursor);
      this.#cursor = oldest?.owner ?? '';
      if (oldest === null) return;
      if (oldest.at < border) old.run(oldest.owner, border);
    }
  }
}
