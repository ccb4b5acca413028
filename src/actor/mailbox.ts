/** What waits for an actor: first in, first out, bounded. */
import { Deque } from '../base/deque.ts';
import { Fault } from '../protocol/errors.ts';

export interface MailboxBounds {
  /** Of what may be refused. */
  readonly mailboxCommands: number;
  /** Of what is owed: its sender bounds it already (attach: one per session) and would miss it. */
  readonly mailboxOwed: number;
}

export class Mailbox<T extends object> {
  /** Before an item that came at another time than the one before it lies that time. */
  readonly #items = new Deque<T | number>();
  #length = 0;
  #owed = 0;
  /** When the first item came, and the last. */
  #since = 0;
  #until = 0;

  constructor(
    readonly limits: MailboxBounds,
    readonly isOwed: (item: T) => boolean,
  ) {}

  get length(): number {
    return this.#length;
  }

  /** So long its first item waits. */
  waitedMs(now: number): number {
    return this.#length === 0 ? 0 : now - this.#since;
  }

  /** Throws Fault `overloaded` when its kind is full: refused early, so that who waits inside is served in time. */
  put(item: T, since: number): void {
    this.refuseIfFull(this.isOwed(item));
    this.putAnyway(item, since);
  }

  refuseIfFull(isOwed: boolean): void {
    const used = isOwed ? this.#owed : this.#length - this.#owed;
    if (used >= (isOwed ? this.limits.mailboxOwed : this.limits.mailboxCommands))
      throw new Fault('overloaded', false, 'a mailbox is full');
  }

  /** Never refused. */
  putAnyway(item: T, since: number): void {
    if (this.#length === 0) this.#since = since;
    else if (since !== this.#until) this.#items.push(since);
    this.#until = since;
    this.#items.push(item);
    this.#length += 1;
    if (this.isOwed(item)) this.#owed += 1;
  }

  first(): T | undefined {
    return this.#items.at(0) as T | undefined;
  }

  take(): T | undefined {
    const item = this.#items.shift() as T | undefined;
    if (item === undefined) return undefined;
    const next = this.#items.at(0);
    if (typeof next === 'number') {
      this.#since = next;
      this.#items.shift();
    }
    this.#length -= 1;
    if (this.isOwed(item)) this.#owed -= 1;
    return item;
  }

  /** What is in it, in order. */
  all(): T[] {
    const all: T[] = [];
    for (let i = 0; i < this.#items.length; i += 1) {
      const item = this.#items.at(i);
      if (item !== undefined && typeof item !== 'number') all.push(item);
    }
    return all;
  }
}
