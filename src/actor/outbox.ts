/**
 * Durable tells that are not confirmed. Each hearer gets one at a time, the next after the confirmation: a hearer keeps only the
 * last number it heard, so a tell must never overtake one that was lost.
 */
import { Deque } from '../base/deque.ts';
import type { Command } from '../protocol/commands.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';

export interface OwnTell {
  readonly seq: number;
  readonly to: OwnerKey;
  readonly command: Command;
}

interface Queue {
  readonly tells: Deque<OwnTell>;
  sentAt: number;
  /** Until the first is told again; doubles each time. */
  pauseMs: number;
}

export class Outbox {
  readonly #queues = new Map<OwnerKey, Queue>();
  #confirmed: { readonly seq: number; readonly to: OwnerKey }[] = [];
  #size = 0;
  /** Durable tells that this load has made. */
  told = 0;
  /** The next batch goes to the store for confirmed tells alone. */
  isSweeping = false;

  constructor(
    readonly send: (tell: OwnTell) => void,
    readonly limits: { readonly retellMinMs: number; readonly retellMaxMs: number },
  ) {}

  /** Tells told and not confirmed. */
  get size(): number {
    return this.#size;
  }

  /** Confirmed, but the store still has them. */
  get toDelete(): number {
    return this.#confirmed.length;
  }

  add(tell: OwnTell, now: number): void {
    const queue = this.#queues.get(tell.to) ?? { tells: new Deque(), sentAt: now, pauseMs: 0 };
    this.#queues.set(tell.to, queue);
    queue.tells.push(tell);
    this.#size += 1;
    if (queue.tells.length === 1) this.#first(queue, tell, now);
  }

  confirm(from: OwnerKey, seq: number, now: number): void {
    const queue = this.#queues.get(from);
    if (queue === undefined || queue.tells.at(0)?.seq !== seq) return;
    queue.tells.shift();
    this.#size -= 1;
    this.#confirmed.push({ seq, to: from });
    const next = queue.tells.at(0);
    if (next === undefined) this.#queues.delete(from);
    else this.#first(queue, next, now);
  }

  /** Tells again what has waited for its pause. */
  retell(now: number): void {
    for (const queue of this.#queues.values()) {
      const tell = queue.tells.at(0);
      if (tell === undefined || now - queue.sentAt < queue.pauseMs) continue;
      queue.sentAt = now;
      queue.pauseMs = Math.min(queue.pauseMs * 2, this.limits.retellMaxMs);
      this.send(tell);
    }
  }

  /** These hearers are back: tells them at once. */
  retellTo(isBack: (to: OwnerKey) => boolean, now: number): void {
    for (const [to, queue] of this.#queues) {
      const tell = queue.tells.at(0);
      if (tell !== undefined && isBack(to)) this.#first(queue, tell, now);
    }
  }

  takeConfirmed(): Write[] {
    this.isSweeping = false;
    const confirmed = this.#confirmed;
    if (confirmed.length === 0) return [];
    this.#confirmed = [];
    return confirmed.map(({ seq, to }) => ({ w: 'deleteTell', seq, to }));
  }

  #first(queue: Queue, tell: OwnTell, now: number): void {
    queue.sentAt = now;
    queue.pauseMs = this.limits.retellMinMs;
    this.send(tell);
  }
}
