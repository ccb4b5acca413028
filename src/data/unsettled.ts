/**
 * What batches may still change that were not acknowledged: those under way, and those that failed. One that timed out may be stored late, up to the next
 * fence of its owner; whoever reads after that fence must see it, and join nobody who began before.
 */
import type { OwnerKey } from '../protocol/ids.ts';
import type { Touched } from './generations.ts';

export class Unsettled {
  readonly #ofOwner = new Map<OwnerKey, Set<Touched>>();
  #size = 0;
  /** Some are remembered no more: any fence may settle them. */
  #hasForgotten = false;

  /** `most`: channels that are remembered, over all batches. */
  constructor(readonly most: number) {}

  /** A batch begins. */
  add(owner: OwnerKey, touched: Touched): void {
    if (this.#size + touched.size > this.most) this.#forget();
    const known = this.#ofOwner.get(owner) ?? new Set<Touched>();
    this.#ofOwner.set(owner, known.add(touched));
    this.#size += touched.size;
  }

  /** The same batch is stored. */
  remove(owner: OwnerKey, touched: Touched): void {
    const known = this.#ofOwner.get(owner);
    if (known === undefined || !known.delete(touched)) return;
    this.#size -= touched.size;
    if (known.size === 0) this.#ofOwner.delete(owner);
  }

  /** The owner was fenced: what his older batches have changed by then. Null: nobody knows. */
  settle(owner: OwnerKey): readonly Touched[] | null {
    const known = [...(this.#ofOwner.get(owner) ?? [])];
    this.#ofOwner.delete(owner);
    for (const { size } of known) this.#size -= size;
    return this.#hasForgotten ? null : known;
  }

  #forget(): void {
    this.#hasForgotten = true;
    this.#ofOwner.clear();
    this.#size = 0;
  }
}
