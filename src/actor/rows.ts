/** The recent rows of an owner, with bodies: what a session missed is made from them. Bounded by count and size. */
import { Deque } from '../base/deque.ts';
import { heldBytes } from '../base/text.ts';
import { passes } from '../protocol/body.ts';
import type { AttachAsk, Body } from '../protocol/envelope.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import { sessionTopic } from '../protocol/topics.ts';

export interface VisibilityRow {
  readonly seq: number;
  readonly kind: 'visibility';
  /** Null: public, the owner's own topic carries the channel. */
  readonly from: string | null;
  readonly to: string | null;
  readonly gained: ReadonlySet<Snowflake>;
  readonly lost: ReadonlySet<Snowflake>;
  /** Null: told again by a later load, and the channel is gone by now; both null: nobody is told. */
  readonly created: Body | null;
  readonly deleted: Body | null;
}

export interface EventRow {
  readonly seq: number;
  readonly kind: 'event';
  readonly topic: string;
  /** Null: given up; who is owed it cannot go on across it. */
  body: Body | null;
}

export type RingRow =
  | EventRow
  | VisibilityRow
  | { readonly seq: number; readonly kind: 'leave'; readonly user: Snowflake };

export interface Missed {
  readonly bodies: readonly Body[];
  /** His membership ended in between: what he held before counts no more. */
  readonly left: boolean;
}

const isOwed = (row: RingRow): row is EventRow => row.kind === 'event' && row.topic.startsWith('s:');

const ROW_OVERHEAD = 200;
const USER_SIZE = 40;

const sizeOfBody = (body: Body | null): number => (body === null ? 0 : heldBytes(body.d));

function sizeOf(row: RingRow): number {
  if (row.kind === 'event') return ROW_OVERHEAD + sizeOfBody(row.body);
  if (row.kind === 'leave') return ROW_OVERHEAD;
  const bodies = sizeOfBody(row.created) + sizeOfBody(row.deleted);
  return ROW_OVERHEAD + bodies + (row.gained.size + row.lost.size) * USER_SIZE;
}

export class Rows {
  readonly #rows = new Deque<RingRow>();
  #bytes = 0;
  /** What is owed to single sessions (member chunks) has a bound of its own: one large answer must not push out what all may miss. */
  readonly #owed = new Deque<EventRow>();
  #owedBytes = 0;

  /** `own` is the owner's own topic (its key). `forgotten`: the last row that is known no more. */
  constructor(
    readonly own: OwnerKey,
    readonly limits: { readonly ringRows: number; readonly ringBytes: number },
    public forgotten: number,
    readonly left: Body,
  ) {}

  get length(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(row: RingRow): void {
    this.#rows.push(row);
    if (isOwed(row)) this.#owe(row);
    else this.#bytes += sizeOf(row);
    while (this.#rows.length > this.limits.ringRows || this.#bytes > this.limits.ringBytes) {
      const gone = this.#rows.shift();
      if (gone === undefined) return;
      if (!isOwed(gone)) this.#bytes -= sizeOf(gone);
      else if (gone === this.#owed.at(0)) this.#giveUp();
      this.forgotten = gone.seq;
    }
  }

  #owe(row: EventRow): void {
    this.#owed.push(row);
    this.#owedBytes += sizeOf(row);
    while (this.#owedBytes > this.limits.ringBytes) this.#giveUp();
  }

  #giveUp(): void {
    const oldest = this.#owed.shift();
    if (oldest === undefined) return;
    this.#owedBytes -= sizeOf(oldest);
    oldest.body = null;
  }

  /**
   * What a session with these topics at `since` would have got until now, in order; null when rows are missing.
   * Only rows since then are walked, with the topics that the session held, so no old state is needed.
   */
  missed(ask: AttachAsk): Missed | null {
    const { since, held, user } = ask;
    if (since === null || held === null) return { bodies: [], left: false };
    if (since < this.forgotten) return null;
    const topics = new Set(held.topics).add(sessionTopic(ask.session));
    const bodies: Body[] = [];
    const owe = (body: Body | null): void => {
      if (body !== null && passes(body, held.mask, user)) bodies.push(body);
    };
    for (let i = this.#firstAfter(since); i < this.#rows.length; i += 1) {
      const row = this.#rows.at(i);
      if (row === undefined) break;
      if (row.kind === 'leave') {
        if (row.user !== user) continue;
        owe(this.left);
        return { bodies, left: true };
      }
      if (row.kind === 'visibility') owe(this.#walk(row, user, topics));
      else if (topics.has(row.topic)) {
        if (row.body === null) return null;
        owe(row.body);
      }
    }
    return { bodies, left: false };
  }

  /** Follows one change of visibility: `topics` becomes what is held after it. */
  #walk(
    { from, to, gained, lost, created, deleted }: VisibilityRow,
    user: Snowflake,
    topics: Set<string>,
  ): Body | null {
    const saw = topics.has(from ?? this.own);
    if (from !== null) topics.delete(from);
    if (lost.has(user)) return deleted;
    const gains = gained.has(user);
    if ((saw || gains) && to !== null) topics.add(to);
    return gains && !saw ? created : null;
  }

  #firstAfter(since: number): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#rows.at(middle)?.seq ?? 0) <= since) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
