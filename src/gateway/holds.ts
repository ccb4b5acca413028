/** The topics of a session with the log positions from which and up to which it held them. */
import { FewBy } from '../base/few-by.ts';
import { passes } from '../protocol/body.ts';
import type { Mask } from '../protocol/envelope.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { Entry, Log } from './log.ts';

/** For positions in [from, to). */
export interface Hold {
  readonly topic: string;
  readonly mask: Mask;
  readonly from: number;
  to: number;
  /** An earlier one of the same topic. */
  before: Hold | null;
}

const topicOf = ({ topic }: Hold): string => topic;

export class Holds {
  /** The newest of each topic. */
  readonly #newest = new FewBy(topicOf);
  /** Null: none. */
  #closed: Hold[] | null = null;
  /** Topics held now, and the most there were at once. */
  #open = 0;
  #most = 0;
  /** Before this position holds have been forgotten: a cursor there cannot go on. */
  #floor = 0;

  /** `closedMax`: holds that ended and are remembered, beside one for each topic that was held: all of them end at once when a worker dies. */
  constructor(
    readonly user: Snowflake,
    readonly closedMax: number,
  ) {}

  open(topic: string, mask: Mask, from: number): Hold {
    const before = this.#newest.get(topic) ?? null;
    const hold: Hold = { topic, mask, from, to: Number.POSITIVE_INFINITY, before };
    this.#newest.set(hold);
    this.#open += 1;
    this.#most = Math.max(this.#most, this.#open);
    return hold;
  }

  /** Ends the hold before `to`. */
  release(topic: string, to: number): Hold | undefined {
    const hold = this.current(topic);
    if (hold === undefined) return undefined;
    hold.to = to;
    this.#open -= 1;
    if (hold.from >= to) this.#drop(hold);
    else this.#close(hold);
    return hold;
  }

  current(topic: string): Hold | undefined {
    const newest = this.#newest.get(topic);
    return newest?.to === Number.POSITIVE_INFINITY ? newest : undefined;
  }

  *currents(): Iterable<Hold> {
    for (const hold of this.#newest) if (hold.to === Number.POSITIVE_INFINITY) yield hold;
  }

  /** Own streams never go back behind their cursor. */
  forgetBefore(position: number): void {
    if (this.#closed === null) return;
    const gone = this.#closed.filter(({ to }) => to <= position);
    if (gone.length === 0) return;
    const left = this.#closed.filter(({ to }) => to > position);
    this.#closed = left.length === 0 ? null : left;
    for (const hold of gone) this.#drop(hold);
  }

  /** Is this entry the session's? A body that the session keeps itself is of its own topic, and always its. */
  has(entry: Entry): boolean {
    const { topic, position, body } = entry;
    for (let hold = this.#newest.get(topic) ?? null; hold !== null; hold = hold.before) {
      const isIn = hold.from <= position && position < hold.to;
      if (isIn && (body === null || passes(body, hold.mask, this.user))) return true;
    }
    return false;
  }

  /** Has the log forgotten an entry that a cursor here still owes? Asked per topic: a quiet topic's old position is still good. */
  missesEvicted(cursor: number, log: Log): boolean {
    if (cursor < this.#floor) return true;
    for (const newest of this.#newest) {
      for (let hold: Hold | null = newest; hold !== null; hold = hold.before) {
        const owed = Math.max(cursor, hold.from);
        if (owed < hold.to && log.evicted(hold.topic) >= owed) return true;
      }
    }
    return false;
  }

  #close(hold: Hold): void {
    this.#closed ??= [];
    this.#closed.push(hold);
    while (this.#closed.length > this.closedMax + this.#most) this.#forget(this.#closed);
  }

  #forget(closed: Hold[]): void {
    const oldest = closed.shift();
    if (oldest === undefined) return;
    this.#floor = Math.max(this.#floor, oldest.to);
    this.#drop(oldest);
  }

  #drop(hold: Hold): void {
    const newest = this.#newest.get(hold.topic);
    if (newest === hold) {
      if (hold.before === null) this.#newest.delete(hold.topic);
      else this.#newest.set(hold.before);
      return;
    }
    for (let later = newest ?? null; later !== null; later = later.before) {
      if (later.before === hold) later.before = hold.before;
    }
  }
}
