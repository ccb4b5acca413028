/** Attach asks to other workers that have no answer yet: an owner's worker that died is asked again when its slot is back. */
import type { InterestTell, Relay } from '../protocol/envelope.ts';
import type { OwnerKey, SessionId } from '../protocol/ids.ts';
import type { ResidenceMessage } from '../protocol/residence.ts';

export class OpenAttaches {
  /** The latest ask of each session at each owner: bounded by the sessions of this worker. */
  readonly #open = new Map<OwnerKey, Map<SessionId, InterestTell & { readonly kind: 'attach' }>>();

  get size(): number {
    let size = 0;
    for (const sessions of this.#open.values()) size += sessions.size;
    return size;
  }

  told(to: OwnerKey, tell: InterestTell): void {
    if (tell.kind === 'forget') this.#drop(to, tell.session);
    if (tell.kind !== 'attach') return;
    const sessions = this.#open.get(to) ?? new Map();
    this.#open.set(to, sessions.set(tell.ask.session, tell));
  }

  /** A session that moves is asked for from where it lives then: an owner that knows it there does not answer what was asked from here. */
  gave(message: ResidenceMessage): void {
    if (message.r !== 'session') return;
    for (const { owner } of message.data.standings) this.#drop(owner, message.data.id);
  }

  heard({ owner, entry }: Relay): void {
    if (entry.kind !== 'answer') return;
    if (this.#open.get(owner)?.get(entry.session)?.ask.ask === entry.ask) this.#drop(owner, entry.session);
  }

  /** What waits at these owners, in the order it was asked per owner. */
  *at(isThere: (to: OwnerKey) => boolean): Iterable<readonly [OwnerKey, InterestTell]> {
    for (const [to, sessions] of this.#open) {
      if (isThere(to)) for (const tell of sessions.values()) yield [to, tell];
    }
  }

  #drop(to: OwnerKey, session: SessionId): void {
    const sessions = this.#open.get(to);
    sessions?.delete(session);
    if (sessions?.size === 0) this.#open.delete(to);
  }
}
