/** Who gets a topic's events at once: own streams one by one, shared streams by the runtime's own topics, one per variant. */
import type { Mask } from '../protocol/envelope.ts';
import type { Hold } from './holds.ts';
import type { Session } from './session.ts';
import { variantOf } from './variants.ts';

export interface Subscribers {
  readonly own: Map<Session, Mask>;
  /** Mask -> sessions. */
  readonly shared: Map<Mask, number>;
}

export class Subscriptions {
  readonly #topics = new Map<string, Subscribers>();
  #variants = 0;

  of(topic: string): Subscribers | undefined {
    return this.#topics.get(topic);
  }

  /** Variants with at least one live shared session. */
  get variants(): number {
    return this.#variants;
  }

  /** A session's own topic needs none: what is owed to one session is written to its socket. */
  add(session: Session, { topic, mask }: Hold): void {
    if (topic === session.topic) return;
    let subscribers = this.#topics.get(topic);
    if (subscribers === undefined) {
      subscribers = { own: new Map(), shared: new Map() };
      this.#topics.set(topic, subscribers);
    }
    if (session.traits.own) {
      subscribers.own.set(session, mask);
      return;
    }
    const count = subscribers.shared.get(mask) ?? 0;
    if (count === 0) this.#variants += 1;
    subscribers.shared.set(mask, count + 1);
    session.connection?.socket.subscribe(variantOf(topic, mask));
  }

  remove(session: Session, { topic, mask }: Hold): void {
    const subscribers = this.#topics.get(topic);
    if (topic === session.topic || subscribers === undefined) return;
    if (session.traits.own) subscribers.own.delete(session);
    else {
      const count = (subscribers.shared.get(mask) ?? 1) - 1;
      if (count > 0) subscribers.shared.set(mask, count);
      else if (subscribers.shared.delete(mask)) this.#variants -= 1;
      if (session.connection?.state !== 'closed') session.connection?.socket.unsubscribe(variantOf(topic, mask));
    }
    if (subscribers.own.size === 0 && subscribers.shared.size === 0) this.#topics.delete(topic);
  }
}
