/** Results of recent commands, so that a repeated command id gets the same answer. The store keeps them for longer. */
import type { Reply } from '../protocol/decision.ts';

export class Results {
  readonly #replies = new Map<string, Reply>();

  constructor(readonly capacity: number) {}

  get(commandId: string): Reply | undefined {
    return this.#replies.get(commandId);
  }

  set(commandId: string, reply: Reply): void {
    this.#replies.set(commandId, reply);
    if (this.#replies.size <= this.capacity) return;
    for (const oldest of this.#replies.keys()) {
      this.#replies.delete(oldest);
      return;
    }
  }
}
