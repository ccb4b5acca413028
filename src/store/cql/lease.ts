/**
 * A lease on a part of the keyspace, by light-weight transactions: a row that ends by its own time unless its holder renews it. The cluster measures
 * that time; the holder counts his own from before he asked, less a margin, so that he stops before anybody else can begin.
 */
import type { Clock, Timer } from '../../base/clock.ts';
import type { Cluster } from './cluster.ts';
import { sentence } from './trouble.ts';

/** How long a lease outlives its last renewal. Longer than a batch that nobody acknowledged can wait in the cluster's batch log (docs/decisions). */
export const LEASE_MS = 20_000;
const RENEW_MS = 3000;
/** After one that failed: time runs on. */
const AGAIN_MS = 500;
/** The holder stops this long before its lease can end. */
const MARGIN_MS = 5000;
/** Between two looks at a lease that somebody else has. */
const LOOK_MS = 500;

export interface LeaseOptions {
  readonly cluster: Pick<Cluster, 'keyspace' | 'decided' | 'transact'>;
  readonly clock: Clock;
  /** What is leased. */
  readonly name: string;
  /** Nobody else's. */
  readonly holder: string;
  /** Called before anything is written with a renewed lease. */
  readonly beforeRenewal?: () => Promise<void>;
  /** Hears whose end is waited for before it is taken; when it is not renewed any more, when it has run out for that, and when it is renewed again: each once. */
  readonly warn?: (sentence: string) => void;
}

type Renewal = 'in time' | 'late' | 'out';

const SENTENCES: Readonly<Record<Renewal, string>> = {
  'in time': 'the lease on the keyspace is renewed again',
  late: 'the lease on the keyspace is not renewed: ',
  out: 'the lease on the keyspace has run out, and nothing is written until it is renewed: ',
};

interface LeaseRow {
  readonly holder: string | null;
  readonly beat: string | null;
}

const READ = 'select holder, beat from {}.leases where name = ?';
const TAKE = `insert into {}.leases (name, holder, beat) values (?, ?, '0') if not exists using ttl ${LEASE_MS / 1000}`;
const RENEW = `update {}.leases using ttl ${LEASE_MS / 1000} set holder = ?, beat = ? where name = ? if holder = ?`;
const GIVE_UP = 'delete from {}.leases where name = ? if holder = ?';
/** Counts who has had it, for ever: by it a holder knows after a pause that nobody had it in between. */
const COUNT = 'select value from {}.counters where name = ?';
const COUNT_FIRST = 'insert into {}.counters (name, value) values (?, ?) if not exists';
const COUNT_ON = 'update {}.counters set value = ? where name = ? if value = ?';

export class Lease {
  readonly #options: LeaseOptions;
  readonly #lost = Promise.withResolvers<Error>();
  #beat = 0;
  #until = 0;
  #wallUntil = 0;
  #timer: Timer | null = null;
  #renewing: Promise<void> = Promise.resolve();
  #ended = false;
  #said: Renewal = 'in time';
  /** How many had it before, this one included. */
  #count = 0;

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
        if (seen === null) options.warn?.(waiting(cluster, found));
        seen = found;
        await new Promise<void>((resolve) => clock.after(LOOK_MS, resolve));
      } else if (await lease.#try(() => cluster.transact(TAKE, [name, holder]))) {
        lease.#extend(began);
        await lease.#countOn();
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

  /** It will not be held again. Else, when it is not held, the cluster was away for too long, and it may come back. */
  get isOver(): boolean {
    return this.#ended;
  }

  /** Resolves when somebody else has had it. */
  get lost(): Promise<Error> {
    return this.#lost.promise;
  }

  /** Somebody else need not wait for its end. */
  async giveUp(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.cancel();
    // It would find the lease free and take it again.
    await this.#renewing;
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

  #schedule(ms = RENEW_MS): void {
    this.#timer = this.#options.clock.after(ms, () => {
      this.#renewing = this.#renew();
    });
  }

  /** A cluster that does not answer ends nothing: nothing is written meanwhile, and when it is back the lease is renewed or taken anew. */
  async #renew(): Promise<void> {
    const { cluster, name, holder, beforeRenewal } = this.#options;
    const began = this.#moment();
    const wasHeld = this.isHeld;
    let isRenewed = false;
    try {
      if (wasHeld) await beforeRenewal?.();
      this.#beat += 1;
      const { applied } = await cluster.transact(RENEW, [holder, String(this.#beat), name, holder]);
      if (applied || (await this.#regain())) {
        if (!wasHeld) await beforeRenewal?.();
        this.#extend(began);
        isRenewed = true;
        this.#say('in time', '');
      } else this.#say(this.isHeld ? 'late' : 'out', 'the cluster does not give it');
    } catch (error) {
      this.#say(this.isHeld ? 'late' : 'out', sentence(error));
    }
    if (!this.#ended) this.#schedule(isRenewed ? RENEW_MS : AGAIN_MS);
  }

  #say(renewal: Renewal, why: string): void {
    if (this.#ended || renewal === this.#said) return;
    this.#said = renewal;
    this.#options.warn?.(SENTENCES[renewal] + why);
  }

  /** It has ended by its time. It is this process's again if nobody has had it since. */
  async #regain(): Promise<boolean> {
    const { cluster, name, holder } = this.#options;
    const found = await cluster.decided<LeaseRow>(READ, [name]);
    const isFree = found === null || found.holder === null;
    if (!isFree && found.holder !== holder) this.#end('somebody else has the lease');
    else if (isFree && !(await this.#try(() => cluster.transact(TAKE, [name, holder])))) return false;
    else if ((await this.#stored()) === this.#count) return true;
    else this.#end('somebody else has had the lease');
    return false;
  }

  async #stored(): Promise<number> {
    const row = await this.#options.cluster.decided<{ value: string }>(COUNT, [countName(this.#options.name)]);
    return Number(row?.value ?? 0);
  }

  /** A transaction whose answer is lost may have counted: then this one counts once more. */
  async #countOn(): Promise<void> {
    const { cluster, name } = this.#options;
    for (;;) {
      const before = await this.#stored();
      const key = countName(name);
      const { applied } = await (before === 0
        ? cluster.transact(COUNT_FIRST, [key, '1'])
        : cluster.transact(COUNT_ON, [String(before + 1), key, String(before)]));
      if (!applied) continue;
      this.#count = before + 1;
      return;
    }
  }

  #end(why: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#lost.resolve(new Error(why));
  }
}

const countName = (name: string): string => `holders of ${name}`;

const waiting = ({ keyspace }: Pick<Cluster, 'keyspace'>, { holder }: LeaseRow): string =>
  `waiting for the lease of ${holder} on the keyspace ${keyspace}: if that process was killed, it ends within ${LEASE_MS / 1000} s`;

const held = ({ keyspace }: Pick<Cluster, 'keyspace'>, { holder }: LeaseRow): Error =>
  new Error(
    `The keyspace ${keyspace} is in use by another Guildhall (${holder}). Stop it, or give this one its own --keyspace; if it is guildhall data, use it with --store data.`,
  );
