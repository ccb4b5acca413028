/** The topics of a session with the log positions from which and up to which it held them. */

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
}

export class Holds {
  readonly #byTopic = new Map<string, Hold[]>();
  #closed: Hold[] = [];
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
    const hold: Hold = { topic, mask, from, to: Number.POSITIVE_INFINITY };
    const known = this.#byTopic.get(topic);
    if (known === undefined) this.#byTopic.set(topic, [hold]);
    else known.push(hold);
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
    else this.#closed.push(hold);
    while (this.#closed.length > this.closedMax + this.#most) this.#forget();
    return hold;
  }

  current(topic: string): Hold | undefined {
    const last = this.#byTopic.get(topic)?.at(-1);
    return last?.to === Number.POSITIVE_INFINITY ? last : undefined;
  }

  *currents(): Iterable<Hold> {
    for (const holds of this.#byTopic.values()) {
      const last = holds.at(-1);
      if (last?.to === Number.POSITIVE_INFINITY) yield last;
    }
  }

  /** Own streams never go back behind their cursor. */
  forgetBefore(position: number): void {
    if (this.#closed.length === 0) return;
    const gone = this.#closed.filter(({ to }) => to <= position);
    if (gone.length === 0) return;
    this.#closed = this.#closed.filter(({ to }) => to > position);
    for (const hold of gone) this.#drop(hold);
  }

  /** Is this entry the session's? A body that the session keeps itself is of its own topic, and always its. */
  has(entry: Entry): boolean {
    const holds = this.#byTopic.get(entry.topic);
    if (holds === undefined) return false;
    const { position, body } = entry;
    return holds.some(
      ({ from, to, mask }) => from <= position && position < to && (body === null || passes(body, mask, this.user)),
    );
  }

  /** Has the log forgotten an entry that a cursor here still owes? Asked per topic: a quiet topic's old position is still good. */
  missesEvicted(cursor: number, log: Log): boolean {
    if (cursor < this.#floor) return true;
    for (const holds of this.#byTopic.values()) {
      for (const { topic, from, to } of holds) {
        const owed = Math.max(cursor, from);
        if (owed < to && log.evicted(topic) >= owed) return true;
      }
    }
    return false;
  }

  #forget(): void {
    const oldest = this.#closed.shift();
    if (oldest === undefined) return;
    this.#floor = Math.max(this.#floor, oldest.to);
    this.#drop(oldest);
  }

  #drop(hold: Hold): void {
    const rest = this.#byTopic.get(hold.topic)?.filter((other) => other !== hold) ?? [];
    if (rest.length === 0) this.#byTopic.delete(hold.topic);
    else this.#byTopic.set(hold.topic, rest);
  }
}
