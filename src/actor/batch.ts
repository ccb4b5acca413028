/** What one turn of an actor gathers: writes for one commit, then effects in the order of the decisions. */
import type { Write } from '../protocol/writes.ts';
import type { Asked } from './ports.ts';

export class Batch {
  readonly writes: Write[] = [];
  readonly #effects: ((isFollowed: boolean) => void)[] = [];
  /** Whose answers depend on the commit. */
  readonly asks: Asked[] = [];

  write(writes: Iterable<Write>): void {
    for (const one of writes) this.writes.push(one);
  }

  get hasTells(): boolean {
    return this.writes.some(({ w }) => w === 'putTell' || w === 'deleteTell');
  }

  /** Happens after the commit, in this place of the order. */
  effect(effect: (isFollowed: boolean) => void): void {
    this.#effects.push(effect);
  }

  /** `isFollowed`: another batch is decided at once. */
  perform(isFollowed: boolean): void {
    for (const effect of this.#effects) effect(isFollowed);
  }

  fail(error: Error): void {
    for (const ask of this.asks) ask.fail(error);
  }
}
