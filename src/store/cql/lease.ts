/**
 * A lease on a part of the keyspace, by light-weight transactions: a row that ends by its own time unless its holder renews it. The cluster measures
 * that time; the holder counts his own from before he asked, less a margin, so that he stops before anybody else can begin.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import { type Cluster, sentence } from './cluster.ts';

/** How long a lease outlives its last renewal. Longer than a batch that nobody acknowledged can wait in the cluster's batch log (docs/decisions). */
export const LEASE_MS = 20_000;
const RENEW_MS = 3000;
/** The holder stops this long before its lease can end. */
const MARGIN_MS = 5000;
/** Between two looks at a lease that somebody else has. */
const LOOK_MS = 500;

export interface LeaseOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  /** What is leased. */
  readonly name: string;
  /** Nobody else's. */
  readonly holder: string;
  /** Called before each renewal, while the lease is held. */
  readonly beforeRenewal?: () => Promise<void>;
}

interface LeaseRow {
  readonly holder: string | null;
  readonly beat: string | null;
}

const READ = 'select holder, beat from {}.leases where name = ?';
const TAKE = `insert into {}.leases (name, holder, beat) values (?, ?, '0') if not exists using ttl ${LEASE_MS / 1000}`;
const RENEW = `update {}.leases using ttl ${LEASE_MS / 1000} set holder = ?, beat = ? where name = ? if holder = ?`;
const GIVE_UP = 'delete from {}.leases where name = ? if holder = ?';

export class Lease {
  readonly #options: LeaseOptions;
  readonly #lost = Promise.withResolvers<Error>();
  #beat = 0;
  #until = 0;
  #wallUntil = 0;
  #timer: Timer | null = null;
  #ended = false;

  private constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /**
   * Rejects as soon as its holder is seen to be alive. The lease of one that died is waited for: by then what it has sent is stored or gone.
   */
  static async take(options: LeaseOptions): Promise<Lease> {
    const { cluster, clock, name, holder } = options;
    const lease = new Lease(options);
    let seen: LeaseRow | null = null;
    for (;;) {
      const began = lease.#moment();
      const found: LeaseRow | null = await cluster.decided<LeaseRow>(READ, [name]);
      if (found !== null && found.holder !== null && found.holder !== holder) {
        if (seen !== null && (seen.holder !== found.holder || seen.beat !== found.beat)) throw held(cluster, found);
        seen = found;
        await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      } else if (await lease.#try(() => cluster.transact(TAKE, [name, holder]))) {
        lease.#extend(began);
        lease.#schedule();
        return lease;
      }
    }
  }

  /** Whether this process may write now. Asked before each write: a process that was stopped for a while finds out by itself. */
  get isHeld(): boolean {
    const { clock } = this.#options;
    return !this.#ended && clock.monotonic() < this.#until && clock.now() < this.#wallUntil;
  }

  /** Resolves when it is over without having been given up. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Somebody else need not wait for its end. */
  async giveUp(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    const { cluster, name, holder } = this.#options;
    await this.#try(() => cluster.transact(GIVE_UP, [name, holder]));
  }

  /** What a transaction became when its answer was lost is read, not guessed. */
  async #try(transaction: () => Promise<{ readonly applied: boolean }>): Promise<boolean> {
    try {
      if ((await transaction()).applied) return true;
    } catch {
      // Looked up below; if the cluster cannot be asked either, the caller's time goes on.
    }
    const { cluster, name, holder } = this.#options;
    try {
      return (await cluster.decided<LeaseRow>(READ, [name]))?.holder === holder;
    } catch {
      return false;
    }
  }

  #moment(): { readonly monotonic: number; readonly wall: number } {
    const { clock } = this.#options;
    return { monotonic: clock.monotonic(), wall: clock.now() };
  }

  #extend(from: { readonly monotonic: number; readonly wall: number }): void {
    this.#until = from.monotonic + LEASE_MS - MARGIN_MS;
    // A clock set forward ends it early, one set back changes nothing: the other one counts.
    this.#wallUntil = from.wall + LEASE_MS - MARGIN_MS;
  }

  #schedule(): void {
    this.#timer = this.#options.clock.after(RENEW_MS, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const { cluster, name, holder, beforeRenewal } = this.#options;
    const began = this.#moment();
    try {
      await beforeRenewal?.();
      this.#beat += 1;
      const { applied } = await cluster.transact(RENEW, [holder, String(this.#beat), name, holder]);
      if (applied) this.#extend(began);
      else if (!(await this.#try(async () => ({ applied: false })))) return this.#end('somebody else has the lease');
    } catch (error) {
      if (!this.isHeld) return this.#end(`the lease could not be renewed: ${sentence(error)}`);
    }
    if (!this.isHeld) return this.#end('the lease ended before it was renewed');
    if (!this.#ended) this.#schedule();
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lost.resolve(new Error(why));
  }
}

const held = ({ keyspace }: Cluster, { holder }: LeaseRow): Error =>
  new Error(
    `The keyspace ${keyspace} is in use by another Guildhall (${holder}). Stop it, or give this one its own --keyspace.`,
  );
