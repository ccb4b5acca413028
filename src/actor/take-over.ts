/**
 * The beginning of a load whose sessions knew an earlier one. They attach again, and each brings what the owner had only in memory. Their asks are
 * held until every worker has said that its sessions have asked: then each is answered with a snapshot that has all of it, and nobody hears of it piece by piece.
 */
import type { AttachAsk } from '../protocol/envelope.ts';
import type { SessionId, WorkerId } from '../protocol/ids.ts';

export class TakeOver {
  /** The latest of each session that has no answer, in the order in which they came. */
  readonly #held = new Map<SessionId, AttachAsk>();
  /** Null: nobody is waited for any more. What is held has its turn. */
  #awaited: Set<WorkerId> | null;

  constructor(awaited: Iterable<WorkerId>) {
    this.#awaited = new Set(awaited);
  }

  /** All have said their word. */
  get isComplete(): boolean {
    return this.#awaited?.size === 0;
  }

  get isOver(): boolean {
    return this.#awaited === null && this.#held.size === 0;
  }

  /** False: it is to be answered at once. */
  hold(ask: AttachAsk): boolean {
    this.forget(ask.session, ask.hop);
    if (this.#awaited === null) return false;
    if (!this.#held.has(ask.session)) this.#held.set(ask.session, ask);
    return true;
  }

  /** What is held from now on has its turn. */
  end(): readonly AttachAsk[] {
    if (this.#awaited === null) return [];
    this.#awaited = null;
    return [...this.#held.values()];
  }

  /** False: it has been answered, or its session is over. */
  take(ask: AttachAsk): boolean {
    return this.#held.get(ask.session) === ask && this.#held.delete(ask.session);
  }

  forget(session: SessionId, hop: number): void {
    const known = this.#held.get(session);
    if (known !== undefined && known.hop <= hop) this.#held.delete(session);
  }

  asked(worker: WorkerId): void {
    this.#awaited?.delete(worker);
  }

  died(worker: WorkerId): void {
    this.#awaited?.delete(worker);
    for (const [session, ask] of this.#held) if (ask.worker === worker) this.#held.delete(session);
  }
}
