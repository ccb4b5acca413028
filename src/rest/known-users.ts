/** What anybody may know of users, for answers that name them by id. Those asked for often are kept until they change. */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { PublicUser } from '../protocol/records.ts';
import { Coalescer, type CoalescerLimits } from '../store/coalescer.ts';
import type { UsersPort } from '../store/ports.ts';
import type { ReadCache } from './read-cache.ts';

export class KnownUsers {
  readonly #reads: Coalescer<PublicUser | null>;
  /** Changes heard of: a read that began before one is not kept. */
  #changes = 0;

  constructor(
    readonly store: Pick<UsersPort, 'user'>,
    readonly cache: ReadCache,
    clock: Pick<Clock, 'after'>,
    limits: CoalescerLimits,
  ) {
    this.#reads = new Coalescer(clock, limits);
  }

  async one(id: Snowflake): Promise<PublicUser | null> {
    const kept = this.cache.user(id);
    if (kept !== null) return kept;
    const shared = await this.#reads.share(id, (left) => this.#read(id, left), { partition: id });
    // One who joined a read that began before the user was made looks for himself.
    return shared ?? this.#read(id);
  }

  /** Those that are there, in the order asked. */
  async many(ids: readonly Snowflake[]): Promise<PublicUser[]> {
    const found = await Promise.all(ids.map((id) => this.one(id)));
    return found.filter((user) => user !== null);
  }

  measure(): Family[] {
    return this.#reads.measure('guildhall_user_reads', 'Reads of users for answers that name them');
  }

  /** He has changed: who asks from now on sees it. */
  forget(id: Snowflake): void {
    this.#changes += 1;
    this.cache.forgetUser(id);
    this.#reads.forget(id);
  }

  async #read(id: Snowflake, left?: AbortSignal): Promise<PublicUser | null> {
    const before = this.#changes;
    const user = (await this.store.user(id, left))?.user ?? null;
    if (user !== null && this.#changes === before) this.cache.keepUser(user);
    return user;
  }
}
