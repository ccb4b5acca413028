/** What a client may change: the store's three ways to write, which leave their mark on the generations. */
import { z } from 'zod';
import { owner } from '../store/grpc/query.ts';
import type { Fields } from '../store/grpc/wire.ts';
import type { Committer } from '../store/ports.ts';
import type { Generations } from './generations.ts';
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
  /** `generations` null: another one writes to the store. */
  constructor(
    readonly store: Committer,
    readonly generations: Generations | null,
  ) {}

  async fence(request: Fields): Promise<number> {
    this.#mine();
    return this.store.fence(fenceForm.parse(request).owner);
  }

  /** A batch that failed may be stored all the same: nobody joins what was read before it then either. */
  async commit(request: Fields): Promise<void> {
    const generations = this.#mine();
    const batch = batchForm.parse(request);
    try {
      await this.store.commit(batch);
    } finally {
      generations.changed(batch.writes);
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
