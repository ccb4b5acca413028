/** What waits for an actor: first in, first out, bounded. */
import { Deque } from '../base/deque.ts';
import { Fault } from '../protocol/errors.ts';

export interface MailboxBounds {
  /** Of what may be refused. */
  readonly mailboxCommands: number;
  /** Of what is owed: its sender bounds it already (attach: one per session) and would miss it. */
  readonly mailboxOwed: number;
}

export class Mailbox<T> {
  readonly #items = new Deque<T>();
  #owed = 0;

  constructor(
    readonly limits: MailboxBounds,
    readonly isOwed: (item: T) => boolean,
  ) {}

  get length(): number {
    return this.#items.length;
  }

  /** Throws Fault `overloaded` when its kind is full: refused early, so that who waits inside is served in time. */
  put(item: T): void {
    const isOwed = this.isOwed(item);
    const used = isOwed ? this.#owed : this.#items.length - this.#owed;
    if (used >= (isOwed ? this.limits.mailboxOwed : this.limits.mailboxCommands))
      throw new Fault('overloaded', false, 'a mailbox is full');
    this.#items.push(item);
    if (isOwed) this.#owed += 1;
  }

  /** Never refused. */
  putAnyway(item: T): void {
    this.#items.push(item);
    if (this.isOwed(item)) this.#owed += 1;
  }

  first(): T | undefined {
    return this.#items.at(0);
  }

  take(): T | undefined {
    const item = this.#items.shift();
    if (item !== undefined && this.isOwed(item)) this.#owed -= 1;
    return item;
  }

  takeAll(): T[] {
    this.#owed = 0;
    return this.#items.drain();
  }
}
