/** The memory store, of which a commit can fail, whether it is stored or not. */
import { Fault } from '../../src/protocol/errors.ts';
import type { OwnerKey } from '../../src/protocol/ids.ts';
import { MemoryStore } from '../../src/store/memory/store.ts';
import type { Batch } from '../../src/store/ports.ts';

const ANYBODY = 'anybody';

export class FailingStore extends MemoryStore {
  /** Whose next commit fails -> whether it is stored. */
  readonly #failing = new Map<OwnerKey | typeof ANYBODY, boolean>();

  failOne(isStored: boolean, owner: OwnerKey | typeof ANYBODY = ANYBODY): void {
    this.#failing.set(owner, isStored);
  }

  override async commit(batch: Batch): Promise<void> {
    const isStored = this.#takeFailing(batch.owner) ?? this.#takeFailing(ANYBODY);
    if (isStored === undefined) {
      await super.commit(batch);
      return this.stored(batch);
    }
    const fault = new Fault('timeout', true, 'the store said nothing');
    if (!isStored) this.failNext(fault);
    await super.commit(batch);
    this.stored(batch);
    throw fault;
  }

  #takeFailing(owner: OwnerKey | typeof ANYBODY): boolean | undefined {
    const isStored = this.#failing.get(owner);
    this.#failing.delete(owner);
    return isStored;
  }

  /** A batch is stored; who committed it has not been answered. */
  protected stored(_batch: Batch): void {}
}
