/** The memory store, of which a commit can fail, whether it is stored or not. */
import { Fault } from '../../src/protocol/errors.ts';
import { MemoryStore } from '../../src/store/memory/store.ts';
import type { Batch } from '../../src/store/ports.ts';

export class FailingStore extends MemoryStore {
  /** Of the next commit. */
  #failing: { readonly isStored: boolean } | null = null;

  failOne(isStored: boolean): void {
    this.#failing = { isStored };
  }

  override async commit(batch: Batch): Promise<void> {
    const failing = this.#failing;
    this.#failing = null;
    const fault = new Fault('timeout', true, 'the store said nothing');
    if (failing?.isStored === false) this.failNext(fault);
    await super.commit(batch);
    this.stored(batch);
    if (failing !== null) throw fault;
  }

  /** A batch is stored; who committed it has not been answered. */
  protected stored(_batch: Batch): void {}
}
