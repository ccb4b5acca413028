/** A channel's reads as the worker of their readers asks for them: equal asks are one ask of the channel's owner, and one body comes back. */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import type { ReadCache } from './read-cache.ts';
import { keyOf } from './shared-reads.ts';

/** Asks the worker where the owner lives. Ends at the deadline (milliseconds since 1970) or with the signal. */
export type FetchRead = (
  to: OwnerKey,
  read: SharedRead,
  options: { readonly deadline: number; readonly signal: AbortSignal },
) => Promise<SharedBody>;

export class AskedReads {
  readonly #flights: Coalescer<SharedBody>;

  constructor(
    readonly fetchRead: FetchRead,
    readonly cache: ReadCache,
    readonly clock: Pick<Clock, 'after' | 'now'>,
    readonly limits: CoalescerLimits,
  ) {
    this.#flights = new Coalescer(clock, limits);
  }

  /** `signal`: nobody waits here. Rejects as `Coalescer.share` does. */
  async ask(owner: OwnerKey, read: SharedRead, signal: AbortSignal): Promise<SharedBody> {
    const kept = this.cache.body(read);
    if (kept !== null) return kept;
    const start = async (left: AbortSignal): Promise<SharedBody> => {
      const deadline = this.clock.now() + this.limits.deadlineMs;
      const body = await this.fetchRead(owner, read, { deadline, signal: left });
      this.cache.keepBody(read, body);
      return body;
    };
    return this.#flights.share(keyOf(read), start, { signal, partition: read.channelId });
  }

  measure(): Family[] {
    return this.#flights.measure('guildhall_reads', 'Reads of messages that were asked for');
  }
}
