/** The bodies that sessions of this worker keep themselves, all together: beyond the bound, who kept one longest ago loses his. */

export interface BodyKeeper {
  readonly keptBytes: number;
  /** It cannot go on where it needs them: op 9. */
  dropBodies(): void;
}

export class BodyBudget {
  /** In the order of the last body each has kept. */
  readonly #keepers = new Set<BodyKeeper>();
  #bytes = 0;

  constructor(readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  /** The keeper and all that it keeps are gone. */
  left(keeper: BodyKeeper): void {
    if (this.#keepers.delete(keeper)) this.#bytes -= keeper.keptBytes;
  }

  /** `by` bytes more, or less. */
  changed(keeper: BodyKeeper, by: number): void {
    this.#bytes += by;
    if (by > 0) {
      this.#keepers.delete(keeper);
      this.#keepers.add(keeper);
    } else if (keeper.keptBytes === 0) this.#keepers.delete(keeper);
    for (const oldest of this.#keepers) {
      if (this.#bytes <= this.bytesMax || oldest === keeper) return;
      oldest.dropBodies();
    }
  }
}
