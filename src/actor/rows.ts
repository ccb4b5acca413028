/** The recent rows of an owner, with bodies: what a session missed is made from them. Bounded by count and size. */
import { Deque } from '../base/deque.ts';
import { heldBytes } from '../base/text.ts';
import { passes } from '../protocol/body.ts';
import type { AttachAsk, Body } from '../protocol/envelope.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import { sessionTopic } from '../protocol/topics.ts';
import { firstAfter } from './first-after.ts';
import { OwedRows } from './owed-rows.ts';

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
  /** Null: nobody knows it any more; who is owed it cannot go on across it. */
  readonly body: Body | null;
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
  readonly #owed: OwedRows<EventRow>;

  /** `own` is the owner's own topic (its key). `forgotten`: the last row that is known no more. */
  constructor(
    readonly own: OwnerKey,
    readonly limits: { readonly ringRows: number; readonly ringBytes: number },
    public forgotten: number,
    readonly left: Body,
  ) {
    this.#owed = new OwedRows<EventRow>(limits, sizeOf);
  }

  get length(): number {
    return this.#rows.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  push(row: RingRow): void {
    if (isOwed(row)) return this.#owed.push(row);
    this.#rows.push(row);
    this.#bytes += sizeOf(row);
    while (this.#rows.length > this.limits.ringRows || this.#bytes > this.limits.ringBytes) {
      const gone = this.#rows.shift();
      if (gone === undefined) return;
      this.#bytes -= sizeOf(gone);
      this.forgotten = gone.seq;
    }
  }

  /**
   * What a session with these topics at `since` would have got until now, in order; null when rows are missing.
   * Only rows since then are walked, with the topics that the session held, so no old state is needed.
   */
  missed(ask: AttachAsk): Missed | null {
    const { since, held, user } = ask;
    if (since === null || held === null) return { bodies: [], left: false };
    if (since < this.forgotten) return null;
    const own = this.#owed.after(sessionTopic(ask.session), since);
    if (own === null) return null;
    const topics = new Set(held.topics);
    const bodies: Body[] = [];
    const owe = (body: Body | null): void => {
      if (body !== null && passes(body, held.mask, user)) bodies.push(body);
    };
    let next = 0;
    const oweOwn = (before: number): void => {
      for (; (own[next]?.seq ?? before) < before; next += 1) owe(own[next]?.body ?? null);
    };
    for (let i = firstAfter(this.#rows, since); i < this.#rows.length; i += 1) {
      const row = this.#rows.at(i);
      if (row === undefined) break;
      oweOwn(row.seq);
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
    oweOwn(Number.POSITIVE_INFINITY);
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
}
