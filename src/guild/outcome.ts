/** Gathers what one command makes, so that rules say it in the order in which it happens. */
import type { Command } from '../protocol/commands.ts';
import type { Decision, EventNote, RowDraft, Tell, Turn } from '../protocol/decision.ts';
import { guildClass } from '../protocol/events.ts';
import { guildKey, type OwnerKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';

export const LITERAL: EventNote = { as: 'literal' };
export const thing = (kind: 'guild' | 'channel' | 'role' | 'member' | 'user', id: Snowflake): EventNote => ({
  as: 'thing',
  thing: kind,
  id,
});

export interface EventOptions {
  /** How a later owner tells it again; null: volatile. */
  readonly note: EventNote | null;
  readonly full?: readonly Snowflake[] | null;
  /** Instead of the class that the event's name has. */
  readonly cls?: number;
}

export class Outcome {
  readonly writes: Write[] = [];
  readonly rows: RowDraft[] = [];
  readonly tells: Tell[] = [];
  readonly #turn: Turn;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  write(...writes: readonly Write[]): void {
    this.writes.push(...writes);
  }

  /** The number that the row gets. */
  row(row: RowDraft): number {
    this.rows.push(row);
    return this.#turn.seq(this.rows.length - 1);
  }

  /** `d`: JSON text. */
  event(topic: string, t: string, d: string, options: EventOptions): number {
    const { note, full = null, cls = guildClass(t) } = options;
    return this.row({ kind: 'event', topic, t, d, cls, full, note });
  }

  tell(to: OwnerKey, command: Command): void {
    this.tells.push({ to, command, durable: true });
  }

  /** The row of a join, and the word of it to the user. */
  join(guildId: Snowflake, user: Snowflake): number {
    const seq = this.row({ kind: 'join', user });
    this.tell(userKey(user), { kind: 'guildJoined', guild: guildKey(guildId), seq });
    return seq;
  }

  leave(guildId: Snowflake, user: Snowflake): number {
    const seq = this.row({ kind: 'leave', user });
    this.tell(userKey(user), { kind: 'guildLeft', guild: guildKey(guildId), seq });
    return seq;
  }

  done(ok: unknown = null): Decision {
    return { reply: { ok }, writes: this.writes, rows: this.rows, tells: this.tells };
  }
}
