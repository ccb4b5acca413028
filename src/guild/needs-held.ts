/** Which commands wait for what: a slot that a waiting command needs stays in memory until the command is decided or forsaken. */
import type { Need } from '../protocol/decision.ts';

/** Names the slot of the cache that answers a need. A single reaction is kept with its message, a message with the channel it was looked for in. */
export function slotOf(need: Need): string {
  switch (need.need) {
    case 'message':
    case 'reaction':
      return messageSlot(need.channelId, need.id);
    case 'nonce':
      return nonceSlot(need.channelId, need.author, need.nonce);
    case 'pins':
      return `p:${need.channelId}`;
    case 'authored':
      return `a:${need.author}:${need.since}`;
  }
}

/** A message that is not in one channel may well be in another. */
export const messageSlot = (channelId: string, id: string): string => `m:${channelId}:${id}`;

export const nonceSlot = (channelId: string, author: string, nonce: string): string =>
  `n:${channelId}:${author}:${nonce}`;

interface Hold {
  readonly needs: readonly Need[];
  over: boolean;
}

/** Counts who holds a slot. The holds themselves hang on the command and on the list that was given out for it. */
export class NeedsHeld {
  readonly #holds = new WeakMap<object, Hold>();

  /** The hold of a command that already waits. */
  has(command: object): boolean {
    const hold = this.#holds.get(command);
    return hold !== undefined && !hold.over;
  }

  start(command: object, needs: readonly Need[], given: readonly Need[]): void {
    const hold: Hold = { needs, over: false };
    this.#holds.set(command, hold);
    this.#holds.set(given, hold);
  }

  /** The same hold is also found by this list. */
  also(command: object, given: readonly Need[]): void {
    const hold = this.#holds.get(command);
    if (hold) this.#holds.set(given, hold);
  }

  /** What is free now: all needs of that hold, once. */
  end(commandOrGiven: object): readonly Need[] {
    const hold = this.#holds.get(commandOrGiven);
    if (!hold || hold.over) return [];
    hold.over = true;
    return hold.needs;
  }
}
