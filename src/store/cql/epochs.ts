import { assert } from '../../base/assert.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Cluster } from './cluster.ts';

/** Epochs of one reservation. What a crash leaves of a block is never given. */
const BLOCK = 4096;

const READ = "select value from {}.counters where name = 'epoch'";
const FIRST = "insert into {}.counters (name, value) values ('epoch', ?) if not exists";
const MOVE = "update {}.counters set value = ? where name = 'epoch' if value = ?";

/**
 * One counter for the whole keyspace: the store holds the end of the reserved block, so that no epoch is given twice, also after a crash.
 * Which epoch of an owner is the present one is known only here: the lease sees to it that this process is the only one that writes.
 */
export class Epochs {
  readonly #present = new Map<OwnerKey, number>();
  #given = 0;
  #reserved = 0;

  constructor(readonly cluster: Cluster) {}

  get left(): number {
    return this.#reserved - this.#given;
  }

  /** Takes a new block. A transaction whose answer is lost costs a block of numbers, nothing else. */
  async reserve(): Promise<void> {
    for (;;) {
      const found = await this.cluster.decided<{ value: string }>(READ, []);
      const stored = Number(found?.value ?? 0);
      const end = stored + BLOCK;
      const { applied } = await (found === null
        ? this.cluster.transact(FIRST, [String(end)])
        : this.cluster.transact(MOVE, [String(end), String(stored)]));
      if (!applied) continue;
      this.#given = stored;
      this.#reserved = end;
      return;
    }
  }

  /** Takes the owner over: older epochs are over from now on. */
  next(owner: OwnerKey): number {
    assert(this.left > 0, 'epochs are reserved before they are given');
    this.#given += 1;
    this.#present.set(owner, this.#given);
    return this.#given;
  }

  isPresent(owner: OwnerKey, epoch: number): boolean {
    return this.#present.get(owner) === epoch;
  }

  end(owner: OwnerKey, epoch: number): void {
    if (this.isPresent(owner, epoch)) this.#present.delete(owner);
  }
}

/** The counter is at least there. By whoever holds the lease, before anything is reserved. */
export async function raiseEpoch(cluster: Cluster, epoch: number): Promise<void> {
  for (;;) {
    const found = await cluster.decided<{ value: string }>(READ, []);
    if (Number(found?.value ?? 0) >= epoch) return;
    const { applied } = await (found === null
      ? cluster.transact(FIRST, [String(epoch)])
      : cluster.transact(MOVE, [String(epoch), found.value]));
    if (applied) return;
  }
}

/** At least the last one that was given. */
export const storedEpoch = async (cluster: Cluster): Promise<number> =>
  Number((await cluster.decided<{ value: string }>(READ, []))?.value ?? 0);
