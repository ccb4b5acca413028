/**
 * From where the journal of each owner is read. Its rows end by their own time, and what has ended is a mark that a read must pass until the cluster has
 * thrown it away. The floor is the number of a row with at least `JOURNAL_ROWS` rows above it, and at most twice as many.
 */
import { LRUCache } from 'lru-cache';
import type { OwnerKey } from '../../protocol/ids.ts';
import { JOURNAL_ROWS } from '../retention.ts';
import type { Queries } from './cluster.ts';

interface Floor {
  /** The floor when there are enough above it. */
  next: number;
  top: number;
  /** Rows above `next`. What a process before has counted is not known: then they are more. */
  count: number;
}

const READ = 'select floor, next from {}.journal_floors where owner = ?';
const CAPACITY = 50_000;

interface FloorRow {
  readonly floor: string;
  readonly next: string;
}

const floorRow = (cluster: Queries, owner: OwnerKey): Promise<FloorRow | null> =>
  cluster.first<FloorRow>(READ, [owner]);

export const floorOf = async (cluster: Queries, owner: OwnerKey): Promise<string> =>
  (await floorRow(cluster, owner))?.floor ?? '0';

export class JournalFloors {
  readonly #known = new LRUCache<OwnerKey, Floor>({ max: CAPACITY });

  constructor(readonly cluster: Queries) {}

  /** A row is put. -> the floor and the next one, when they move. */
  async count(owner: OwnerKey, seq: number): Promise<readonly [floor: number, next: number] | null> {
    const known = this.#known.get(owner) ?? (await this.#read(owner));
    // One that is put again, or by a copy that begins with the newest.
    if (seq <= known.top) return null;
    known.top = seq;
    known.count += 1;
    if (known.count < JOURNAL_ROWS) return null;
    const floor = known.next;
    known.next = seq;
    known.count = 0;
    return [floor, seq];
  }

  /** It is not known what became of his batch. */
  forget(owner: OwnerKey): void {
    this.#known.delete(owner);
  }

  async #read(owner: OwnerKey): Promise<Floor> {
    const next = Number((await floorRow(this.cluster, owner))?.next ?? 0);
    const floor = { next, top: next, count: 0 };
    this.#known.set(owner, floor);
    return floor;
  }
}
