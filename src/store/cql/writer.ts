/** Takes the batches of all workers. Those of one owner go one after the other, those of different owners at once. It knows no thread. */
import { LRUCache } from 'lru-cache';
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Outbox, WriterRequests } from '../thread/wire.ts';
import { BatchLog } from './batch-log.ts';
import type { Queries, Statement } from './cluster.ts';
import type { Db } from './db.ts';
import { deliver, finishPending, planOf, stamped } from './delivery.ts';
import { Draft, type Ops } from './draft.ts';
import type { Epochs } from './epochs.ts';
import { type Hands, type Persist, Refused } from './hands.ts';
import type { ClusterHealth } from './health.ts';
import type { Stamps } from './stamps.ts';
import { KNOWN } from './statements.ts';
import { sentence, troubleOf } from './trouble.ts';

interface Asked {
  readonly owner: OwnerKey;
  readonly id: number;
  readonly from: Outbox;
  /** Of the clock that never steps back: what was not begun by then is dropped. */
  readonly deadline: number;
}

type Request =
  | (Asked & { readonly kind: 'commit'; readonly epoch: number; readonly ops: Ops })
  | (Asked & { readonly kind: 'fence' })
  | (Asked & { readonly kind: 'release'; readonly epoch: number });

export interface WriterOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly epochs: Epochs;
  readonly stamps: Stamps;
  readonly health: ClusterHealth;
  /** Whether this process may write now, and whether it never will again. */
  readonly lease: { readonly isHeld: boolean; readonly isOver: boolean };
  /** How long a request may wait. */
  readonly deadlineMs: number;
  /** Requests that may wait, of all owners. */
  readonly maxWaiting: number;
  /** Owners whose requests are under way at once. */
  readonly atOnce: number;
  /** An answer was given. */
  readonly answered: () => void;
  /** Something that whoever runs this must know. */
  readonly warn: (sentence: string) => void;
}

/** Not acknowledged: the outcome and its sentence. What of it is an intent already, the next fence of its owner finishes. */
class Unstored extends Error {
  constructor(
    readonly outcome: string,
    message: string,
  ) {
    super(message);
  }
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;
/** Owners that are remembered as having nothing pending; of the others it is looked up again. */
const SETTLED = 200_000;

export class Writer {
  readonly #options: WriterOptions;
  /** What waits for each owner; the first is under way or next. */
  readonly #lanes = new Map<OwnerKey, Request[]>();
  /** Owners whose turn comes. */
  readonly #ready: OwnerKey[] = [];
  readonly #settled = new LRUCache<OwnerKey, true>({ max: SETTLED });
  readonly #batchLog: BatchLog;
  #running = 0;
  #waiting = 0;
  #reserving: Promise<void> | null = null;
  #idle: (() => void)[] = [];

  constructor(options: WriterOptions) {
    const { db, health, clock } = options;
    this.#batchLog = new BatchLog(clock);
    this.#options = { ...options, db: { ...db, cluster: watched(db.cluster, health) } };
  }

  take(requests: WriterRequests, from: Outbox): void {
    const { clock, deadlineMs, maxWaiting } = this.#options;
    const deadline = clock.monotonic() + deadlineMs;
    for (let at = 0; at < requests.length; ) {
      const kind = requests[at];
      const number = Number(requests[at + 1]);
      if (kind === 'release') {
        const owner = requests[at + 1] as OwnerKey;
        this.#enqueue({ kind, owner, id: 0, from, deadline: Infinity, epoch: Number(requests[at + 2]) });
        at += 3;
        continue;
      }
      assert(kind === 'commit' || kind === 'fence', 'a request is a commit, a fence or a release');
      const asked: Asked = { id: number, owner: requests[at + 2] as OwnerKey, from, deadline };
      const length = kind === 'commit' ? Number(requests[at + 4]) : 0;
      const ops = requests.slice(at + 5, at + 5 + length);
      if (this.#waiting >= maxWaiting) this.#answer(asked, 'overloaded', `${maxWaiting} batches wait for the store`);
      else if (kind === 'fence') this.#enqueue({ ...asked, kind });
      else this.#enqueue({ ...asked, kind, epoch: Number(requests[at + 3]), ops });
      at += kind === 'fence' ? 3 : 5 + length;
    }
  }

  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void> {
    if (this.#lanes.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idle.push(resolve));
  }

  #enqueue(request: Request): void {
    const lane = this.#lanes.get(request.owner);
    this.#waiting += 1;
    if (lane === undefined) {
      this.#lanes.set(request.owner, [request]);
      this.#ready.push(request.owner);
      this.#start();
      return;
    }
    this.#dropLate(lane);
    lane.push(request);
  }

  /** What waits behind one that cannot be stored ends in time. */
  #dropLate(lane: Request[]): void {
    const now = this.#options.clock.monotonic();
    while (lane.length > 1 && (lane[1]?.deadline ?? now) < now) {
      const [late] = lane.splice(1, 1);
      this.#waiting -= 1;
      if (late !== undefined) this.#answer(late, 'timeout', 'the batch waited past its deadline');
    }
  }

  #start(): void {
    while (this.#running < this.#options.atOnce) {
      const owner = this.#ready.shift();
      if (owner === undefined) return;
      this.#running += 1;
      void this.#run(owner);
    }
  }

  /** One request, then others have their turn. */
  async #run(owner: OwnerKey): Promise<void> {
    const lane = this.#lanes.get(owner);
    const request = lane?.[0];
    if (lane !== undefined && request !== undefined) {
      try {
        await this.#serve(request);
      } catch (error) {
        this.#answer(request, outcomeOf(error), sentence(error));
      }
      lane.shift();
      this.#waiting -= 1;
    }
    this.#running -= 1;
    if (lane === undefined || lane.length === 0) this.#lanes.delete(owner);
    else this.#ready.push(owner);
    if (this.#lanes.size === 0) for (const told of this.#idle.splice(0)) told();
    this.#start();
  }

  async #serve(request: Request): Promise<void> {
    const { clock, epochs } = this.#options;
    if (request.kind !== 'commit') this.#options.db.tells.forget(request.owner);
    if (request.kind === 'release') return epochs.end(request.owner, request.epoch);
    if (request.deadline < clock.monotonic()) throw new Unstored('timeout', 'the batch waited past its deadline');
    if (request.kind === 'fence') {
      await this.#settle(request);
      if (epochs.left === 0) await this.#reserve(request);
      return this.#answer(request, 'ok', epochs.next(request.owner));
    }
    const { owner, epoch, ops } = request;
    const isPresent = (): boolean => epochs.isPresent(owner, epoch);
    if (!isPresent()) throw new Unstored('fenced', `epoch ${epoch} of ${owner} is over`);
    await this.#commit(request, ops);
    this.#answer(request, 'ok', '');
  }

  async #commit(request: Asked, ops: Ops): Promise<void> {
    const { db, stamps, clock } = this.#options;
    const draft = await this.#inTime(request, () => Draft.of(db, request.owner, ops, KNOWN));
    const first = stamps.next(clock.now(), draft.entries.length + 1);
    const plan = planOf(stamped(draft.entries, first));
    try {
      await deliver(this.#hands(request), request.owner, plan, { first, last: first + draft.entries.length });
    } catch (error) {
      // Whatever of it is stored: the next fence looks.
      this.#settled.delete(request.owner);
      draft.forget();
      throw error;
    }
    for (const [channelId, change] of draft.changes) db.channels.apply(channelId, change);
  }

  /** Before the first load of an owner here, and after a batch that failed: what was begun is finished. */
  async #settle(request: Asked): Promise<void> {
    const { db, stamps, clock, warn } = this.#options;
    if (this.#settled.has(request.owner)) return;
    // Some reader may know a channel as it was before.
    if (await finishPending(this.#hands(request), request.owner, stamps.next(clock.now(), 1), warn))
      db.channels.clear();
    this.#settled.set(request.owner, true);
  }

  #hands(request: Asked): Hands {
    const { cluster } = this.#options.db;
    return {
      persist: this.#persist(request),
      read: (cql, params) => this.#inTime(request, () => cluster.rows(cql, params)),
    };
  }

  /** Asked by many at once, done once. */
  #reserve(request: Asked): Promise<void> {
    this.#reserving ??= this.#inTime(request, () => this.#options.epochs.reserve()).finally(() => {
      this.#reserving = null;
    });
    return this.#reserving;
  }

  /**
   * Repeats a write until it is acknowledged, as long as this process may write: what was sent may be stored, so nobody goes on before it is. What no
   * node has taken is given up at the deadline.
   */
  #persist(request: Asked): Persist {
    const { db, clock, lease } = this.#options;
    let mayBeStored = false;
    const attempt = async (statements: readonly Statement[], logged: boolean): Promise<boolean> => {
      try {
        await db.cluster.write(statements, logged, () => lease.isHeld);
        mayBeStored = true;
        return true;
      } catch (error) {
        const trouble = troubleOf(error);
        if (trouble === 'refused') throw new Refused(sentence(error), mayBeStored);
        if (trouble === 'late') mayBeStored = true;
        if (!mayBeStored && clock.monotonic() > request.deadline) throw new Unstored('timeout', sentence(error));
        return false;
      }
    };
    return async (statements, logged) => {
      if (logged && !this.#batchLog.mayTry()) return false;
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
        if (lease.isOver || (!lease.isHeld && !mayBeStored)) throw notHeld();
        const isStored = lease.isHeld && (await attempt(statements, logged));
        if (logged && isStored) this.#batchLog.answered();
        if (isStored) return true;
        if (logged && mayBeStored) {
          this.#batchLog.wasLate();
          return false;
        }
        await new Promise<void>((resolve) => clock.after(pause, resolve));
      }
    };
  }

  /** Repeats what changes nothing until the request's deadline. */
  async #inTime<Value>(request: Asked, read: () => Promise<Value>): Promise<Value> {
    const { clock, lease } = this.#options;
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
      if (lease.isOver) throw notHeld();
      try {
        return await read();
      } catch (error) {
        if (troubleOf(error) === 'refused') throw error;
        if (clock.monotonic() > request.deadline) throw new Unstored('timeout', sentence(error));
      }
      await new Promise<void>((resolve) => clock.after(pause, resolve));
    }
  }

  #answer({ from, id }: Asked, outcome: string, text: string | number): void {
    if (id === 0) return;
    from.answer(id, outcome, text);
    this.#options.answered();
  }
}

/** What was refused whole is never stored: its asker need not try again. */
function outcomeOf(error: unknown): string {
  if (error instanceof Refused && !error.mayBeStored) return 'batch';
  return error instanceof Unstored ? error.outcome : 'broken';
}

const notHeld = (): Unstored => new Unstored('unavailable', 'this process does not hold the keyspace at present');

/** Every request that a batch makes is a sign of how the cluster is. */
function watched(cluster: Queries, health: ClusterHealth): Queries {
  return {
    rows: (cql, params) => health.watch(() => cluster.rows(cql, params), troubleOf),
    first: (cql, params) => health.watch(() => cluster.first(cql, params), troubleOf),
    write: (...asked) => health.watch(() => cluster.write(...asked), troubleOf),
  };
}
