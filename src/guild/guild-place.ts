/** A guild's channel as a place of messages. */
import { assert } from '../base/assert.ts';
import { LARGE_TYPING } from '../protocol/events.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { ChannelRecord, MemberRecord, PublicUser } from '../protocol/records.ts';
import { channelBits } from './guards.ts';
import type { MessageCache } from './message-cache.ts';
import type { Outcome } from './outcome.ts';
import type { Place, PlaceEvent } from './place.ts';
import { isLarge } from './presence-commands.ts';
import type { GuildState } from './state.ts';
import { topicOf } from './visibility.ts';

/** Slow mode remembers so many writers of a guild. */
const MAX_WRITERS = 10_000;

/** Null: no such channel. */
export function guildPlace(state: GuildState, channelId: Snowflake): Place | null {
  return state.channels.has(channelId) ? new GuildPlace(state, channelId) : null;
}

class GuildPlace implements Place {
  readonly #state: GuildState;
  readonly channelId: Snowflake;

  constructor(state: GuildState, channelId: Snowflake) {
    this.#state = state;
    this.channelId = channelId;
  }

  get #channel(): ChannelRecord {
    const channel = this.#state.channels.get(this.channelId);
    assert(channel !== undefined, 'a place is used in the turn that found its channel');
    return channel;
  }

  get guildId(): Snowflake {
    return this.#state.guild.id;
  }

  get type(): number {
    return this.#channel.type;
  }

  get messages(): MessageCache {
    return this.#state.messages;
  }

  get lastMessageId(): Snowflake | null {
    return this.#channel.last_message_id;
  }

  permissions(user: Snowflake, now: number): bigint {
    return channelBits(this.#state, user, this.#channel, now);
  }

  person(user: Snowflake): PublicUser | null {
    return this.member(user)?.user ?? null;
  }

  member(user: Snowflake): MemberRecord | null {
    return this.#state.members.get(user) ?? null;
  }

  mentionable(role: Snowflake): boolean | null {
    return role === this.guildId ? null : (this.#state.roles.get(role)?.mentionable ?? null);
  }

  slowFor(user: Snowflake, now: number): number {
    const seconds = this.#channel.rate_limit_per_user;
    const last = seconds > 0 ? this.#state.lastWrote.get(`${this.channelId}:${user}`) : undefined;
    return last === undefined ? 0 : Math.max(0, last + seconds * 1000 - now);
  }

  wrote(user: Snowflake, now: number): void {
    if (this.#channel.rate_limit_per_user === 0) return;
    const { lastWrote } = this.#state;
    const key = `${this.channelId}:${user}`;
    lastWrote.delete(key);
    lastWrote.set(key, now);
    if (lastWrote.size <= MAX_WRITERS) return;
    for (const oldest of lastWrote.keys()) {
      lastWrote.delete(oldest);
      return;
    }
  }

  touch(generation: Snowflake): void {
    this.#state.generations.set(this.channelId, generation);
  }

  setLast(out: Outcome, message: Snowflake): void {
    this.#state.channels.set(this.channelId, { ...this.#channel, last_message_id: message });
    out.write({ w: 'putLastMessage', channelId: this.channelId, messageId: message });
    this.touch(message);
  }

  setLastPin(out: Outcome, at: string | null): void {
    const channel = { ...this.#channel, last_pin_timestamp: at };
    this.#state.channels.set(this.channelId, channel);
    out.write({ w: 'putChannel', channel });
  }

  emit(out: Outcome, { t, d, about, note }: PlaceEvent): void {
    const bots = about.filter((id) => this.person(id)?.bot === true);
    const topic = topicOf(this.#state, this.#channel);
    out.event(topic, t, JSON.stringify({ ...d, guild_id: this.guildId }), {
      note,
      full: bots.length > 0 ? bots : null,
      ...(t === 'TYPING_START' && isLarge(this.#state) ? { cls: LARGE_TYPING } : {}),
    });
  }
}
