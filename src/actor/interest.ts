/** Who is attached to an owner: by session, by user, by worker. Recorded by attach alone; detached sessions count. */
import type { AttachAsk, Mask } from '../protocol/envelope.ts';
import type { SessionId, Snowflake, WorkerId } from '../protocol/ids.ts';

export interface Interested {
  readonly session: SessionId;
  readonly user: Snowflake;
  readonly worker: WorkerId;
  readonly hop: number;
  readonly mask: Mask;
  readonly person: boolean;
}

export class Interest {
  readonly #sessions = new Map<SessionId, Interested>();
  readonly #byUser = new Map<Snowflake, Set<SessionId>>();
  readonly #perWorker = new Map<WorkerId, number>();
  /** Entries sent to each worker in this load: a jump in `n` is a hole. */
  readonly #sent = new Map<WorkerId, number>();

  get size(): number {
    return this.#sessions.size;
  }

  get(session: SessionId): Interested | undefined {
    return this.#sessions.get(session);
  }

  set({ session, user, worker, hop, mask, person }: AttachAsk): void {
    this.drop(session);
    this.#sessions.set(session, { session, user, worker, hop, mask, person });
    this.#perWorker.set(worker, (this.#perWorker.get(worker) ?? 0) + 1);
    const his = this.#byUser.get(user);
    if (his === undefined) this.#byUser.set(user, new Set([session]));
    else his.add(session);
  }

  drop(session: SessionId): void {
    const known = this.#sessions.get(session);
    if (known === undefined) return;
    this.#sessions.delete(session);
    const left = (this.#perWorker.get(known.worker) ?? 1) - 1;
    if (left === 0) this.#perWorker.delete(known.worker);
    else this.#perWorker.set(known.worker, left);
    const his = this.#byUser.get(known.user);
    his?.delete(session);
    if (his?.size === 0) this.#byUser.delete(known.user);
  }

  /** The session is over, or its worker does not know it. A newer residence is not touched. */
  forget(session: SessionId, hop: number): Interested | null {
    const known = this.#sessions.get(session);
    if (known === undefined || known.hop > hop) return null;
    this.drop(session);
    return known;
  }

  /** The sessions that died with a worker. */
  dropWorker(worker: WorkerId): Interested[] {
    this.#sent.delete(worker);
    if (!this.#perWorker.has(worker)) return [];
    const gone = [...this.#sessions.values()].filter((one) => one.worker === worker);
    for (const { session } of gone) this.drop(session);
    return gone;
  }

  workers(): WorkerId[] {
    return [...this.#perWorker.keys()];
  }

  /** The number of the next entry to a worker. */
  count(worker: WorkerId): number {
    const n = (this.#sent.get(worker) ?? 0) + 1;
    this.#sent.set(worker, n);
    return n;
  }

  ofUser(user: Snowflake): Interested[] {
    return [...(this.#byUser.get(user) ?? [])].flatMap((session) => this.#sessions.get(session) ?? []);
  }
}
