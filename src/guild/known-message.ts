/** What is known of one message: itself, and who has reacted with what as far as it has been asked or written. */
import type { Snowflake } from '../protocol/ids.ts';
import type { MessageRecord, MessageWithReactions, ReactionCount } from '../protocol/records.ts';

/** Users remembered per emoji of one message. */
const MAX_USERS = 500;

export class KnownMessage {
  #message: MessageRecord | null | undefined;
  #reactions: readonly ReactionCount[] = [];
  /** Emoji -> user -> has he reacted. */
  readonly #users = new Map<string, Map<Snowflake, boolean>>();
  /** Emojis of which all that happened since the first reaction is remembered: who is not there has not reacted. */
  readonly #whole = new Set<string>();

  get value(): MessageWithReactions | null | undefined {
    if (!this.#message) return this.#message;
    return { message: this.#message, reactions: this.#reactions };
  }

  /** This owner's own write. */
  write(message: MessageRecord): void {
    this.#message = message;
  }

  delete(): void {
    this.#message = null;
    this.#reactions = [];
    this.#users.clear();
    this.#whole.clear();
  }

  /** What the store says; only called while nothing is known. */
  learn(value: MessageWithReactions | null): void {
    this.#message = value?.message ?? null;
    this.#reactions = value?.reactions ?? [];
  }

  reaction(emoji: string, user: Snowflake): boolean | undefined {
    if (this.#message === null) return false;
    if (this.#message && !this.#reactions.some((one) => one.emoji === emoji)) return false;
    const known = this.#users.get(emoji)?.get(user);
    return known ?? (this.#whole.has(emoji) ? false : undefined);
  }

  learnReaction(emoji: string, user: Snowflake, present: boolean): void {
    this.#remember(emoji, user, present);
  }

  react(emoji: string, user: Snowflake, present: boolean): void {
    const before = this.#reactions.find((one) => one.emoji === emoji)?.count ?? 0;
    if (before === 0) this.#forget(emoji);
    if (before === 0 && present) this.#whole.add(emoji);
    const count = Math.max(0, before + (present ? 1 : -1));
    this.#reactions =
      before === 0 && count > 0
        ? [...this.#reactions, { emoji, count }]
        : this.#reactions.map((one) => (one.emoji === emoji ? { emoji, count } : one)).filter((one) => one.count > 0);
    if (count > 0) this.#remember(emoji, user, present);
    else this.#forget(emoji);
  }

  clear(emoji: string | null): void {
    for (const one of emoji === null ? this.#reactions.map((reaction) => reaction.emoji) : [emoji]) this.#forget(one);
    this.#reactions = emoji === null ? [] : this.#reactions.filter((one) => one.emoji !== emoji);
  }

  #forget(emoji: string): void {
    this.#users.delete(emoji);
    this.#whole.delete(emoji);
  }

  #remember(emoji: string, user: Snowflake, present: boolean): void {
    const users = this.#users.get(emoji) ?? new Map<Snowflake, boolean>();
    this.#users.set(emoji, users);
    users.delete(user);
    users.set(user, present);
    if (users.size <= MAX_USERS) return;
    this.#whole.delete(emoji);
    for (const oldest of users.keys()) {
      users.delete(oldest);
      return;
    }
  }
}
