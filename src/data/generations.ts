/**
 * How often what is stored has changed, per channel and for all the rest: a read that begins after an acknowledged batch has another generation than
 * those before it, and joins none of them.
 */
import type { Snowflake } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';

/** Which channel's messages a write changes; null: something else. */
export function channelOf(write: Write): Snowflake | null {
  switch (write.w) {
    case 'putMessage':
      return write.message.channel_id;
    case 'deleteMessages':
    case 'putNonce':
    case 'putReaction':
    case 'deleteReaction':
    case 'clearReactions':
    case 'putPin':
    case 'deletePin':
      return write.channelId;
    default:
      return null;
  }
}

/** Channels whose messages a batch changes; null among them: something else too. */
export type Touched = ReadonlySet<Snowflake | null>;

export const touchedBy = (writes: readonly Write[]): Touched => new Set(writes.map(channelOf));

export class Generations {
  /** The channels changed last, oldest change first. */
  readonly #ofChannel = new Map<Snowflake, number>();
  #last = 0;
  /** That of every channel which is not remembered: at least the highest that was forgotten. */
  #floor = 0;
  #rest = 0;

  /** `most`: channels that are remembered. */
  constructor(readonly most: number) {}

  /** `channel` null: of everything but messages. */
  of(channel: Snowflake | null): number {
    return channel === null ? this.#rest : (this.#ofChannel.get(channel) ?? this.#floor);
  }

  /** A batch is stored, or may be. */
  changed(touched: Touched): void {
    this.#last += 1;
    for (const channel of touched) {
      if (channel === null) this.#rest = this.#last;
      else this.#change(channel);
    }
  }

  /** Anything may have changed. */
  changedAll(): void {
    this.#last += 1;
    this.#ofChannel.clear();
    this.#floor = this.#last;
    this.#rest = this.#last;
  }

  #change(channel: Snowflake): void {
    this.#ofChannel.delete(channel);
    this.#ofChannel.set(channel, this.#last);
    if (this.#ofChannel.size <= this.most) return;
    const [oldest] = this.#ofChannel;
    if (oldest === undefined) return;
    this.#ofChannel.delete(oldest[0]);
    this.#floor = oldest[1];
  }
}
