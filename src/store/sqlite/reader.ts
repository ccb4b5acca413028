/** Answers reads on one connection. It knows no thread. */
import type { DatabaseSync } from 'node:sqlite';
import { assert } from '../../base/assert.ts';
import { sentence } from './failure.ts';
import { guildReads } from './guilds.ts';
import { journalReads } from './journal.ts';
import { messageReads } from './messages.ts';
import { userReads } from './users.ts';

export const allReads = (db: DatabaseSync) => ({
  ...messageReads(db),
  ...guildReads(db),
  ...userReads(db),
  ...journalReads(db),
});

export type Reads = ReturnType<typeof allReads>;

export class Reader {
  readonly #reads: Readonly<Record<string, (...args: never[]) => string>>;
  readonly #begin: () => void;
  readonly #end: () => void;

  constructor(db: DatabaseSync) {
    this.#reads = allReads(db);
    const [begin, end] = [db.prepare('begin'), db.prepare('commit')];
    this.#begin = () => void begin.run();
    this.#end = () => void end.run();
  }

  /** As it goes over the pipe: `ok` and JSON, or `broken` and a sentence. Each read is one snapshot, taken when it starts. */
  answer(method: string, args: string): readonly [outcome: string, text: string] {
    try {
      return ['ok', this.#read(method, JSON.parse(args))];
    } catch (error) {
      return ['broken', sentence(error)];
    }
  }

  #read(method: string, args: never[]): string {
    const read = this.#reads[method];
    assert(read !== undefined, `${method} is a read of this store`);
    this.#begin();
    try {
      return read(...args);
    } finally {
      this.#end();
    }
  }
}
