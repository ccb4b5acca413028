/** Rows that are owed to single sessions (member chunks): bounded for themselves, so that however many there are they push out nothing that all may miss. */
import { Deque } from '../base/deque.ts';
import { firstAfter } from './first-after.ts';

export interface OwedLimits {
  readonly ringRows: number;
  readonly ringBytes: number;
}

interface OwedRow {
  readonly seq: number;
  /** That of the session. */
  readonly topic: string;
}

export class OwedRows<Row extends OwedRow> {
  readonly #rows = new Deque<Row>();
  #bytes = 0;
  /** Topic of a session -> the last of its rows that is known no more. */
  #gone: Map<string, number> | null = null;
  /** The same of all topics that are not kept in `#gone` any more. */
  #goneBefore = 0;

  constructor(
    readonly limits: OwedLimits,
    readonly sizeOf: (row: Row) => number,
  ) {}

  push(row: Row): void {
    this.#rows.push(row);
    this.#bytes += this.sizeOf(row);
    while (this.#rows.length > this.limits.ringRows || this.#bytes > this.limits.ringBytes) this.#giveUp();
  }

  /** Those of this topic, in order; null: one that it has not had is gone. */
  after(topic: string, since: number): readonly Row[] | null {
    if ((this.#gone?.get(topic) ?? this.#goneBefore) > since) return null;
    const rows: Row[] = [];
    for (let i = firstAfter(this.#rows, since); i < this.#rows.length; i += 1) {
      const row = this.#rows.at(i);
      if (row?.topic === topic) rows.push(row);
    }
    return rows;
  }

  #giveUp(): void {
    const oldest = this.#rows.shift();
    if (oldest === undefined) return;
    this.#bytes -= this.sizeOf(oldest);
    this.#gone ??= new Map();
    // The one that has lost a row last stands last.
    this.#gone.delete(oldest.topic);
    this.#gone.set(oldest.topic, oldest.seq);
    if (this.#gone.size <= this.limits.ringRows) return;
    const [first] = this.#gone;
    if (first === undefined) return;
    this.#gone.delete(first[0]);
    this.#goneBefore = first[1];
  }
}
