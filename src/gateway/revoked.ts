/** Hashes of tokens revoked lately: a token that was being checked, or a session that was moving, is caught by them. Bounded. */
const MOST = 10_000;

export class Revoked {
  readonly #hashes = new Set<string>();

  add(hash: string): void {
    this.#hashes.add(hash);
    if (this.#hashes.size <= MOST) return;
    for (const oldest of this.#hashes) {
      this.#hashes.delete(oldest);
      return;
    }
  }

  has(hash: string): boolean {
    return this.#hashes.has(hash);
  }
}
