/**
 * Tells that are not confirmed, as a queue in Cassandra: a row that is deleted leaves a mark that every load must pass. So a confirmed tell goes with
 * all that is confirmed around it, from the next one that waits below to the next one above, as one range, and a load passes as many marks as tells wait.
 */
import { LRUCache } from 'lru-cache';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Queries } from './cluster.ts';

const MAX_OWNERS = 50_000;

export interface Place {
  readonly seq: number;
  readonly hearer: OwnerKey;
}

/** What lies strictly between the two; null: no border. */
export interface Gap {
  readonly above: Place | null;
  readonly below: Place | null;
}

interface Node {
  /** Null: the end of the ring, below the first and above the last. */
  readonly place: Place | null;
  below: Node;
  above: Node;
  isGone: boolean;
}

const nameOf = ({ seq, hearer }: Place): string => `${seq} ${hearer}`;
const isAbove = (a: Place, b: Place): boolean => (a.seq === b.seq ? a.hearer > b.hearer : a.seq > b.seq);

/** Those of one owner, ascending. */
export class WaitingTells {
  readonly #nodes = new Map<string, Node>();
  readonly #end: Node;
  #gone: Node[] = [];

  constructor(places: Iterable<Place>) {
    const end = { place: null, isGone: false } as Node;
    end.below = end;
    end.above = end;
    this.#end = end;
    for (const place of places) this.add(place);
  }

  /** Most come in order. What was removed must have been taken before. */
  add(place: Place): void {
    if (this.#nodes.has(nameOf(place))) return;
    let below = this.#end.below;
    while (below.place !== null && isAbove(below.place, place)) below = below.below;
    const node: Node = { place, below, above: below.above, isGone: false };
    below.above.below = node;
    below.above = node;
    this.#nodes.set(nameOf(place), node);
  }

  remove(place: Place): void {
    const node = this.#nodes.get(nameOf(place));
    if (node === undefined) return;
    this.#nodes.delete(nameOf(place));
    node.below.above = node.above;
    node.above.below = node.below;
    node.isGone = true;
    this.#gone.push(node);
  }

  /** The gaps in which something was removed since the last time. */
  takeGaps(): Gap[] {
    const borders = new Set<Node>();
    for (const node of this.#gone) {
      let below = node.below;
      while (below.isGone) below = below.below;
      node.below = below;
      borders.add(below);
    }
    this.#gone = [];
    return [...borders].map((border) => ({ above: border.place, below: border.above.place }));
  }
}

/** What waits of the owners that tell: the process that holds the lease is the only one that writes, so what it remembers is what is stored. */
export class TellIndex {
  /** Of one that is left out it is read again. */
  readonly #owners = new LRUCache<OwnerKey, WaitingTells>({ max: MAX_OWNERS });

  constructor(readonly cluster: Queries) {}

  async of(owner: OwnerKey): Promise<WaitingTells> {
    const known = this.#owners.get(owner);
    if (known !== undefined) return known;
    const select = 'select seq, hearer from {}.tells where owner = ?';
    const rows = await this.cluster.rows<{ seq: string; hearer: OwnerKey }>(select, [owner]);
    const tells = new WaitingTells(rows.map(({ seq, hearer }) => ({ seq: Number(seq), hearer })));
    this.#owners.set(owner, tells);
    return tells;
  }

  /** The owner has left memory, or it is not known what became of his batch. */
  forget(owner: OwnerKey): void {
    this.#owners.delete(owner);
  }
}
