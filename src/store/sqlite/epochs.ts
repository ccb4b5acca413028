import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../../base/assert.ts';
import type { OwnerKey } from '../../protocol/ids.ts';

/** Epochs of one reservation. What a crash leaves of a block is never given. */
const BLOCK = 1024;

/**
 * One counter for the whole installation: the store holds the end of the reserved block, so that no epoch is given twice, also after a crash.
 * Which epoch of an owner is the present one is known only here: this process is the only one that has the store open.
 */
export class Epochs {
  readonly #present = new Map<string, number>();
  readonly #read: StatementSync;
  readonly #write: StatementSync;
  /** The last one given, and the last one reserved. */
  #given: number;
  #reserved: number;

  constructor(db: DatabaseSync) {
    this.#read = db.prepare("select value from meta where name = 'epoch'");
    this.#write = db.prepare("update meta set value = ?1 where name = 'epoch'");
    this.#given = Number(this.#read.get()?.value);
    assert(Number.isSafeInteger(this.#given), 'the store holds a counter of epochs');
    this.#reserved = this.#given;
  }

  get left(): number {
    return this.#reserved - this.#given;
  }

  /** Writes a new block outside of any transaction. Throws what SQLite throws; then nothing is reserved. */
  reserve(count: number): void {
    const end = this.#reserved + Math.max(BLOCK, count);
    this.#write.run(end);
    this.#reserved = end;
  }

  /** Takes the owner over: older epochs are over from now on. */
  next(owner: OwnerKey): number {
    assert(this.left > 0, 'epochs are reserved before they are given');
    this.#given += 1;
    this.#present.set(owner, this.#given);
    return this.#given;
  }

  isPresent(owner: string, epoch: number): boolean {
    return this.#present.get(owner) === epoch;
  }

  end(owner: string, epoch: number): void {
    if (this.isPresent(owner, epoch)) this.#present.delete(owner);
  }
}
