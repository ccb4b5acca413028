/**
 * What batches may still change that were not acknowledged: those under way, and those that failed. One that timed out may be stored late, up to the next
 * fence of its owner; whoever reads after that fence must see it, and join nobody who began before.
 */
import type { OwnerKey } from '../protocol/ids.ts';
import type { Touched } from './generations.ts';

export class Unsettled {
  /** Null: what this owner's batches change is not remembered, only that there are some. */
  readonly #ofOwner = new Map<OwnerKey, Set<Touched> | null>();
  /** Channels, and owners with nothing else. */
  #size = 0;
  /** Not even all owners are remembered: any fence may settle some. It takes half of `most` of them that were not fenced since. */
  #hasForgotten = false;

  /** `most`: what is remembered, over all batches. */
  constructor(readonly most: number) {}

  /** A batch begins. */
  add(owner: OwnerKey, touched: Touched): void {
    if (touched.size === 0 || this.#ofOwner.get(owner) === null) return;
    if (this.#size + touched.size > this.most) this.#shorten();
    const known = this.#ofOwner.get(owner);
    if (known === null) return;
    this.#ofOwner.set(owner, (known ?? new Set()).add(touched));
    this.#size += touched.size;
  }

  /** The same batch is stored. */
  remove(owner: OwnerKey, touched: Touched): void {
    const known = this.#ofOwner.get(owner) ?? null;
    if (known === null || !known.delete(touched)) return;
    this.#size -= touched.size;
    if (known.size === 0) this.#ofOwner.delete(owner);
  }

  /** The owner was fenced: what his older batches have changed by then. Null: nobody knows. */
  settle(owner: OwnerKey): readonly Touched[] | null {
    const known = this.#ofOwner.get(owner);
    this.#ofOwner.delete(owner);
    if (known === null) this.#size -= 1;
    for (const { size } of known ?? []) this.#size -= size;
    return known === null || this.#hasForgotten ? null : [...(known ?? [])];
  }

  /** A name alone is enough: at the next fence of this owner anything has changed, at the one after that nothing. */
  #shorten(): void {
    if (this.#ofOwner.size > this.most / 2) {
      this.#hasForgotten = true;
      this.#ofOwner.clear();
    }
    for (const owner of this.#ofOwner.keys()) this.#ofOwner.set(owner, null);
    this.#size = this.#ofOwner.size;
  }
}
