/** What a client may change: the store's three ways to write, which leave their mark on the generations. */
import { z } from 'zod';
import { owner } from '../store/grpc/query.ts';
import type { Fields } from '../store/grpc/wire.ts';
import type { Committer } from '../store/ports.ts';
import { type Generations, touchedBy } from './generations.ts';
import { Unsettled } from './unsettled.ts';
import { batchForm } from './writes.ts';

export const READ_ONLY = 'this service only reads: the server beside it writes';

export class ReadOnly extends Error {
  override readonly name = 'ReadOnly';

  constructor() {
    super(READ_ONLY);
  }
}

const fenceForm = z.object({ owner });
const releaseForm = z.object({ owner, epoch: z.number() });

/** All three reject or throw ReadOnly, ZodError or Fault. */
export class Writer {
  readonly #unsettled: Unsettled;

  /** `generations` null: another one writes to the store. */
  constructor(
    readonly store: Committer,
    readonly generations: Generations | null,
  ) {
    this.#unsettled = new Unsettled(generations?.most ?? 0);
  }

  async fence(request: Fields): Promise<number> {
    const generations = this.#mine();
    const { owner: key } = fenceForm.parse(request);
    const epoch = await this.store.fence(key);
    const settled = this.#unsettled.settle(key);
    if (settled === null) generations.changedAll();
    else for (const touched of settled) generations.changed(touched);
    return epoch;
  }

  /** A batch that failed may be stored all the same: nobody joins what was read before it, nor, after the next fence, what was read before that. */
  async commit(request: Fields): Promise<void> {
    const generations = this.#mine();
    const batch = batchForm.parse(request);
    const touched = touchedBy(batch.writes);
    this.#unsettled.add(batch.owner, touched);
    try {
      await this.store.commit(batch);
      this.#unsettled.remove(batch.owner, touched);
    } finally {
      generations.changed(touched);
    }
  }

  release(request: Fields): void {
    this.#mine();
    const { owner: key, epoch } = releaseForm.parse(request);
    this.store.release(key, epoch);
  }

  #mine(): Generations {
    if (this.generations === null) throw new ReadOnly();
    return this.generations;
  }
}
