/** Who waits for an answer, and until when. Bounded; every request ends: by its answer, its deadline, or the death of who was asked. */
import type { Clock, Timer } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';

interface Request<T> {
  readonly peer: WorkerId;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
  readonly timer: Timer;
}

export class Requests<T> {
  readonly #open = new Map<number, Request<T>>();
  #last = 0;

  constructor(
    readonly clock: Clock,
    readonly capacity: number,
  ) {}

  get size(): number {
    return this.#open.size;
  }

  /** `deadline`: milliseconds since 1970. Throws Fault `overloaded` when too many wait already. */
  open(peer: WorkerId, deadline: number): { readonly id: number; readonly promise: Promise<T> } {
    if (this.#open.size >= this.capacity) throw new Fault('overloaded', false, 'too many requests wait');
    this.#last += 1;
    const id = this.#last;
    const promise = new Promise<T>((resolve, reject) => {
      const late = (): void => this.reject(id, new Fault('timeout', true, 'no answer before the deadline'));
      const timer = this.clock.after(Math.max(0, deadline - this.clock.now()), late);
      this.#open.set(id, { peer, resolve, reject, timer });
    });
    return { id, promise };
  }

  /** An answer that comes after its deadline is dropped. */
  resolve(id: number, value: T): void {
    this.#take(id)?.resolve(value);
  }

  reject(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  rejectAll(peer: WorkerId, error: Error): void {
    for (const [id, request] of this.#open) if (request.peer === peer) this.reject(id, error);
  }

  #take(id: number): Request<T> | undefined {
    const request = this.#open.get(id);
    this.#open.delete(id);
    request?.timer.cancel();
    return request;
  }
}
