/** The tells of one batch: those that are put, and what is confirmed as ranges. */
import { type Entries, STAMP } from './entries.ts';
import { sliceOf } from './queries.ts';
import type { Place, WaitingTells } from './tells.ts';

/** Partitions of the list of who has something to tell. */
export const TELLER_SLICES = 16;

const PUT = 'insert into {}.tells (owner, seq, hearer, command) values (?, ?, ?, ?) using timestamp ?';
const LIST = 'insert into {}.tellers (slice, owner, at) values (?, ?, ?) using timestamp ?';
const DELETE = 'delete from {}.tells using timestamp ? where owner = ?';

export class TellDraft {
  readonly #draft: Entries;
  #tells: WaitingTells | null = null;
  #isListed = false;

  constructor(draft: Entries) {
    this.#draft = draft;
  }

  async put(place: Place, command: string): Promise<void> {
    const { owner } = this.#draft;
    const tells = await this.#own();
    this.settle();
    tells.add(place);
    this.#draft.put(`t ${owner}`, PUT, [owner, String(place.seq), place.hearer, command, STAMP]);
    if (this.#isListed) return;
    this.#isListed = true;
    // He stays listed when all is confirmed, until somebody reads the list.
    const slice = String(sliceOf(owner, TELLER_SLICES));
    this.#draft.put(`s ${slice}`, LIST, [slice, owner, STAMP, STAMP]);
  }

  async delete(place: Place): Promise<void> {
    (await this.#own()).remove(place);
  }

  /** Deletes what was confirmed so far. */
  settle(): void {
    const { owner } = this.#draft;
    for (const { above, below } of this.#tells?.takeGaps() ?? []) {
      const borders = `${above === null ? '' : ' and (seq, hearer) > (?, ?)'}${below === null ? '' : ' and (seq, hearer) < (?, ?)'}`;
      const values = [above, below].flatMap((place) => (place === null ? [] : [String(place.seq), place.hearer]));
      this.#draft.put(`t ${owner}`, `${DELETE}${borders}`, [STAMP, owner, ...values]);
    }
  }

  async #own(): Promise<WaitingTells> {
    this.#tells ??= await this.#draft.db.tells.of(this.#draft.owner);
    return this.#tells;
  }
}
