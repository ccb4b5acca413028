/** The `s` of one session: what was given, what the client may name at a resume, and the earlier stays whose numbers are still good. */
import type { Stay } from '../protocol/residence.ts';
import type { Log } from './log.ts';

export interface Numbered {
  readonly s: number;
  readonly position: number;
}

/** Where a resume goes on: first what is repeated under its old number (own streams), then the log from the cursor. */
export interface Place {
  readonly cursor: number;
  readonly replay: readonly Numbered[];
}

/** What came along at a move: where it lies here, and the numbers it had before. */
export interface Carried {
  readonly position: number;
  readonly numbers: readonly number[];
}

/** Earlier stays whose numbers are still taken: a client that moves on and on without a word is refused at last. */
const STAYS = 16;

const NONE: readonly never[] = [];

export class Numbers {
  /** Own stream: last number given, last number confirmed by the client, and what lies between. */
  #last = 0;
  #confirmed = 0;
  #sent: Numbered[] | null = null;
  /** Shared stream after moves. */
  #past: readonly Stay[] = NONE;
  #carried: Carried[] | null = null;

  constructor(
    readonly own: boolean,
    readonly bornAt: number,
    readonly sentMax: number,
  ) {}

  get last(): number {
    return this.#last;
  }

  /** Own streams get their number when written, shared ones have it from the log. `repeatable` false: RESUMED. */
  give(position: number, repeatable: boolean, log: Log): number {
    if (!this.own) return log.numberOf(position);
    this.#last += 1;
    if (repeatable) this.#keep({ s: this.#last, position });
    if (this.sent.length > this.sentMax * 2) this.#shorten();
    return this.#last;
  }

  /** The client has this number. The position up to which nothing need be kept, or null. */
  confirm(s: number, next: number, log: Log): number | null {
    if (!this.own) {
      const position = log.positionOf(s);
      return position >= this.bornAt && position < next ? position : null;
    }
    if (s > this.#last || s <= this.#confirmed) return null;
    this.#confirmed = s;
    const { sent } = this;
    const first = sent.findIndex((numbered) => numbered.s > s);
    const gone = first === -1 ? sent : sent.slice(0, first);
    this.#sent = first === -1 ? null : sent.slice(first);
    return gone.at(-1)?.position ?? null;
  }

  /** Null: a number that was never sent to this client, or is no longer known. */
  locate(s: number, next: number, log: Log): Place | null {
    return this.own ? this.#locateOwn(s, next) : this.#locateShared(s, next, log);
  }

  #locateOwn(s: number, next: number): Place | null {
    if (s > this.#last || s < this.#confirmed) return null;
    return { cursor: next, replay: this.sent.filter((numbered) => numbered.s > s) };
  }

  #locateShared(s: number, next: number, log: Log): Place | null {
    const position = log.positionOf(s);
    if (position >= this.bornAt) return position < next ? { cursor: position + 1, replay: [] } : null;
    const given = this.#past.find(({ from, to }) => from <= s && s <= to);
    if (given === undefined) return null;
    const had = (n: number): boolean => given.from <= n && n <= s;
    const first = this.#carried?.find(({ numbers }) => !numbers.some(had));
    return { cursor: first?.position ?? this.#afterCarried(), replay: [] };
  }

  #afterCarried(): number {
    return (this.#carried?.at(-1)?.position ?? this.bornAt - 1) + 1;
  }

  // --- moves

  /** All the numbers that a position has had; none on own streams, which keep one. */
  numbersOf(position: number, log: Log): number[] {
    if (this.own) return [];
    const carried = this.#carried?.find((entry) => entry.position === position)?.numbers ?? [];
    return [...carried, log.numberOf(position)].slice(-STAYS);
  }

  /** The numbers that stay good when the client goes on from `s`: those that tell no less than `s` does. */
  stays(s: number, place: Place, log: Log): Stay[] {
    const had = (this.#carried ?? NONE)
      .filter(({ position }) => position < place.cursor)
      .flatMap(({ position, numbers }) => [...numbers, log.numberOf(position)]);
    const later = ({ from, to }: Stay): Stay => ({ from: Math.max(from, ...had.filter((n) => n <= to)), to });
    return [...this.#past, { from: log.numberOf(this.bornAt), to: log.numberOf(log.head) }]
      .filter(({ to }) => to >= s)
      .slice(-STAYS)
      .map((stay) => (stay.from <= s ? { from: s, to: stay.to } : later(stay)));
  }

  /** At the taker: the giver's counters. */
  takeOver(last: number, confirmed: number, past: readonly Stay[]): void {
    this.#last = last;
    this.#confirmed = confirmed;
    this.#past = past;
  }

  /** At the taker: an entry that came along lies at this position. */
  carry(position: number, numbers: readonly number[]): void {
    if (this.own) {
      if (numbers[0] !== undefined) this.#keep({ s: numbers[0], position });
      return;
    }
    this.#carried ??= [];
    this.#carried.push({ position, numbers });
  }

  /** Own stream: what has been numbered and not confirmed. */
  get sent(): readonly Numbered[] {
    return this.#sent ?? NONE;
  }

  #keep(numbered: Numbered): void {
    this.#sent ??= [];
    this.#sent.push(numbered);
  }

  /** A client that never confirms can go back only so far. */
  #shorten(): void {
    const { sent } = this;
    const gone = sent.at(-this.sentMax - 1);
    this.#sent = sent.slice(-this.sentMax);
    if (gone !== undefined) this.#confirmed = Math.max(this.#confirmed, gone.s);
  }
}
