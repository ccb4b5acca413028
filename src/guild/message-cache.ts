/**
 * What an owner knows of its messages without asking the store: recent messages, single reactions, nonces, pins. What it knows is true:
 * its own writes are noted in the turn that decides them, so an answer of the store that was asked for earlier never replaces them.
 */
import { LRUCache } from 'lru-cache';
import { assert } from '../base/assert.ts';
import type { Need } from '../protocol/decision.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MessageRecord, MessageWithReactions } from '../protocol/records.ts';
import { timestampOf } from '../protocol/snowflake.ts';
import { KnownMessage } from './known-message.ts';
import { messageSlot, NeedsHeld, nonceSlot, slotOf } from './needs-held.ts';

export const NONCE_MS = 10 * 60_000;

export interface CacheLimits {
  readonly messages: number;
  readonly nonces: number;
  readonly channels: number;
  /** Slots that waiting commands hold, at most: beyond it the oldest is dropped and its command is refused as `overloaded`. */
  readonly held: number;
}

const LIMITS: CacheLimits = { messages: 2000, nonces: 5000, channels: 200, held: 20_000 };

interface NonceSlot {
  readonly id: Snowflake | null;
  readonly at: number;
}
export type Pins = ReadonlyMap<Snowflake, string>;
/** `files`: ids of its attachments. */
export type Authored = readonly {
  readonly channelId: Snowflake;
  readonly id: Snowflake;
  readonly files: readonly Snowflake[];
}[];
type PinsAnswer = readonly { readonly message: MessageWithReactions; readonly pinnedAt: string }[];

/** Only while its command waits. */
interface AuthoredSlot {
  readonly list: Authored;
}

type Slot = KnownMessage | NonceSlot | Map<Snowflake, string> | AuthoredSlot;
interface HeldSlot {
  count: number;
  slot: Slot | undefined;
}

/** Made as it fills: with `max` each guild that is loaded would take its 160 KB before the first message. */
const roomFor = (entries: number) => ({ maxSize: entries, sizeCalculation: () => 1 });

export class MessageCache {
  readonly #limits: CacheLimits;
  readonly #messages: LRUCache<string, KnownMessage>;
  readonly #nonces: LRUCache<string, NonceSlot>;
  readonly #pins: LRUCache<string, Map<Snowflake, string>>;
  /** Slots of waiting commands; they are nowhere else meanwhile. */
  readonly #held = new Map<string, HeldSlot>();
  readonly #holds = new NeedsHeld();
  /** Every nonce written since then, up to `#nonceTo`, is in the cache. */
  #nonceFrom = Number.POSITIVE_INFINITY;
  #nonceTo = 0;

  constructor(limits: Partial<CacheLimits> = {}) {
    this.#limits = { ...LIMITS, ...limits };
    this.#messages = new LRUCache(roomFor(this.#limits.messages));
    this.#nonces = new LRUCache({
      ...roomFor(this.#limits.nonces),
      dispose: (_slot, _key, reason) => {
        if (reason === 'evict') this.#nonceFrom = this.#nonceTo;
      },
    });
    this.#pins = new LRUCache(roomFor(this.#limits.channels));
  }

  /** Entries of all kinds, those of waiting commands included. */
  get size(): number {
    return this.#messages.size + this.#nonces.size + this.#pins.size + this.#held.size;
  }

  /** Null: it is not in this channel. Undefined: not known. */
  message(channelId: Snowflake, id: Snowflake): MessageWithReactions | null | undefined {
    return this.#known(channelId, id)?.value;
  }

  /** This owner made or changed it. */
  putMessage(message: MessageRecord): void {
    this.#knownOrNew(message.channel_id, message.id).write(message);
  }

  putDeleted(channelId: Snowflake, id: Snowflake): void {
    this.#knownOrNew(channelId, id).delete();
    this.deletePin(channelId, id);
  }

  reaction(channelId: Snowflake, id: Snowflake, emoji: string, user: Snowflake): boolean | undefined {
    return this.#known(channelId, id)?.reaction(emoji, user);
  }

  /** The message is known: its counts follow. */
  putReaction(channelId: Snowflake, id: Snowflake, emoji: string, user: Snowflake, present: boolean): void {
    this.#sure(channelId, id).react(emoji, user, present);
  }

  clearReactions(channelId: Snowflake, id: Snowflake, emoji: string | null): void {
    this.#sure(channelId, id).clear(emoji);
  }

  /** Null: not used within ten minutes. */
  nonce(channelId: Snowflake, author: Snowflake, nonce: string, now: number): Snowflake | null | undefined {
    const key = nonceSlot(channelId, author, nonce);
    const slot = (this.#held.get(key)?.slot ?? this.#nonces.get(key)) as NonceSlot | undefined;
    if (slot) return slot.id !== null && now - slot.at <= NONCE_MS ? slot.id : null;
    return this.#nonceTo - this.#nonceFrom > NONCE_MS ? null : undefined;
  }

  putNonce(channelId: Snowflake, author: Snowflake, nonce: string, id: Snowflake, at: number): void {
    const key = nonceSlot(channelId, author, nonce);
    this.#put(key, { id, at });
  }

  /** Each turn says the time: an owner that has lived for ten minutes knows every nonce that still counts. */
  passTime(now: number): void {
    if (this.#nonceFrom === Number.POSITIVE_INFINITY) this.#nonceFrom = now;
    this.#nonceTo = Math.max(this.#nonceTo, now);
  }

  /** Message -> when it was pinned (ISO). */
  pins(channelId: Snowflake): Pins | undefined {
    return this.#pinsOf(channelId);
  }

  putPin(channelId: Snowflake, id: Snowflake, at: string): void {
    this.#pinsOf(channelId)?.set(id, at);
  }

  deletePin(channelId: Snowflake, id: Snowflake): void {
    this.#pinsOf(channelId)?.delete(id);
  }

  /** For a ban that deletes messages: what the store knows, and what was made since, without what is gone. Undefined: not supplied. */
  authored(need: Need & { need: 'authored' }): Authored | undefined {
    const stored = (this.#held.get(slotOf(need))?.slot as AuthoredSlot | undefined)?.list;
    if (!stored) return undefined;
    const found = new Map(
      stored.filter(({ channelId, id }) => this.message(channelId, id) !== null).map((one) => [one.id, one]),
    );
    for (const slot of this.#allMessages()) {
      const record = slot.value?.message;
      if (!record || record.author_id !== need.author || !need.channelIds.includes(record.channel_id)) continue;
      if (BigInt(record.id) < BigInt(need.since)) continue;
      const files = record.wire.attachments.map(({ id }) => id);
      found.set(record.id, { channelId: record.channel_id, id: record.id, files });
    }
    return [...found.values()];
  }

  /** What of these is not known. All are held until `release` of the command or `forsake` of the very list given back. */
  hold(command: object, needs: readonly Need[]): readonly Need[] {
    const unknown = needs.filter((need) => !this.#knows(need));
    if (this.#holds.has(command)) {
      this.#holds.also(command, unknown);
      return unknown;
    }
    if (needs.length === 0) return unknown;
    this.#holds.start(command, needs, unknown);
    for (const need of needs) this.#holdSlot(slotOf(need));
    return unknown;
  }

  /** The command is decided. */
  release(command: object): void {
    for (const need of this.#holds.end(command)) this.#freeSlot(slotOf(need));
  }

  /** The command that was given this list will not be decided. */
  forsake(given: readonly Need[]): void {
    this.release(given);
  }

  /**
   * An answer of the store; ignored if nobody waits for it any more, or if this owner's own writes already know. By need: `message` MessageWithReactions | null,
   * `reaction` boolean, `nonce` the MessageWithReactions it made | its id, when that is deleted | null, `pins` what the port says, `authored` Authored.
   */
  supply(need: Need, value: unknown): void {
    const held = this.#held.get(slotOf(need));
    if (!held || this.#knows(need)) return;
    switch (need.need) {
      case 'message':
        this.#knownOrNew(need.channelId, need.id).learn(value as MessageWithReactions | null);
        return;
      case 'reaction':
        this.#knownOrNew(need.channelId, need.id).learnReaction(need.emoji, need.user, value as boolean);
        return;
      case 'nonce':
        held.slot = this.#learnNonce(need.channelId, value as MessageWithReactions | Snowflake | null);
        return;
      case 'pins':
        held.slot = new Map(
          (value as PinsAnswer)
            .filter(({ message }) => this.message(need.channelId, message.message.id) !== null)
            .map(({ message, pinnedAt }) => [message.message.id, pinnedAt]),
        );
        return;
      case 'authored':
        held.slot = { list: value as Authored };
    }
  }

  #learnNonce(channelId: Snowflake, value: MessageWithReactions | Snowflake | null): NonceSlot {
    if (value === null) return { id: null, at: 0 };
    const id = typeof value === 'string' ? value : value.message.id;
    if (this.message(channelId, id) === undefined)
      this.#knownOrNew(channelId, id).learn(typeof value === 'string' ? null : value);
    return { id, at: timestampOf(id) };
  }

  #knows(need: Need): boolean {
    switch (need.need) {
      case 'message':
        return this.message(need.channelId, need.id) !== undefined;
      case 'reaction':
        return this.reaction(need.channelId, need.id, need.emoji, need.user) !== undefined;
      case 'nonce':
        return this.#knowsNonce(need);
      case 'pins':
        return this.#pinsOf(need.channelId) !== undefined;
      case 'authored':
        return this.#held.get(slotOf(need))?.slot !== undefined;
    }
  }

  /** A nonce that led to a message is of use only with the message. */
  #knowsNonce({ channelId, author, nonce }: Need & { need: 'nonce' }): boolean {
    const id = this.nonce(channelId, author, nonce, this.#nonceTo);
    return id !== undefined && (id === null || this.message(channelId, id) !== undefined);
  }

  #known(channelId: Snowflake, id: Snowflake): KnownMessage | undefined {
    const key = messageSlot(channelId, id);
    return (this.#held.get(key)?.slot as KnownMessage | undefined) ?? this.#messages.get(key);
  }

  #knownOrNew(channelId: Snowflake, id: Snowflake): KnownMessage {
    const found = this.#known(channelId, id);
    if (found) return found;
    const made = new KnownMessage();
    this.#put(messageSlot(channelId, id), made);
    return made;
  }

  #sure(channelId: Snowflake, id: Snowflake): KnownMessage {
    const known = this.#known(channelId, id);
    assert(known?.value != null, 'reactions change on a message that is known');
    return known;
  }

  #pinsOf(channelId: Snowflake): Map<Snowflake, string> | undefined {
    const key = `p:${channelId}`;
    return (this.#held.get(key)?.slot as Map<Snowflake, string> | undefined) ?? this.#pins.get(key);
  }

  *#allMessages(): Iterable<KnownMessage> {
    yield* this.#messages.values();
    for (const { slot } of this.#held.values()) if (slot instanceof KnownMessage) yield slot;
  }

  #put(key: string, slot: Slot): void {
    const held = this.#held.get(key);
    if (held) held.slot = slot;
    else if (slot instanceof KnownMessage) this.#messages.set(key, slot);
    else if (slot instanceof Map) this.#pins.set(key, slot);
    else if ('at' in slot) this.#nonces.set(key, slot);
  }

  #holdSlot(key: string): void {
    const held = this.#held.get(key);
    if (held) {
      held.count += 1;
      return;
    }
    const slot = this.#messages.get(key) ?? this.#nonces.get(key) ?? this.#pins.get(key);
    this.#held.set(key, { count: 1, slot });
    this.#messages.delete(key);
    this.#nonces.delete(key);
    this.#pins.delete(key);
    if (this.#held.size > this.#limits.held) this.#dropOldest();
  }

  #dropOldest(): void {
    for (const key of this.#held.keys()) {
      this.#held.delete(key);
      this.#nonceFrom = this.#nonceTo;
      return;
    }
  }

  #freeSlot(key: string): void {
    const held = this.#held.get(key);
    if (!held) return;
    held.count -= 1;
    if (held.count > 0) return;
    this.#held.delete(key);
    // A message whose own value never came says nothing later; an unused nonce is of no more use.
    if (held.slot instanceof KnownMessage && held.slot.value === undefined) return;
    if (held.slot && !('id' in held.slot && held.slot.id === null)) this.#put(key, held.slot);
  }
}
