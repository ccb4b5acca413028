/** How this adapter speaks to node:sqlite: typed rows, and JSON text put together without parsing what is stored as JSON. */
import type { SQLInputValue, StatementSync } from 'node:sqlite';

/** A statement's name followed by its parameters, then the next: flat, because arrays of plain values cross threads fastest. */
export type Ops = readonly (string | number)[];

/** Every read by an adapter whose answers are JSON texts: the reader thread never parses what it has read. */
export type ReadsAsText<Port> = {
  readonly [Method in keyof Port]: Port[Method] extends (...args: infer Args) => unknown
    ? (...args: Args) => string
    : never;
};

export function all<Row>(statement: StatementSync, ...params: SQLInputValue[]): Row[] {
  return statement.all(...params) as unknown as Row[];
}

export function first<Row>(statement: StatementSync, ...params: SQLInputValue[]): Row | null {
  return (statement.get(...params) ?? null) as unknown as Row | null;
}

/** A JSON array of texts that are JSON already. */
export const jsonArray = (texts: readonly string[]): string => `[${texts.join(',')}]`;

export const quote = (value: string | number | null): string => JSON.stringify(value);

/** The JSON of the rows' `record` column. */
export function records(statement: StatementSync, ...params: SQLInputValue[]): string {
  return jsonArray(all<{ record: string }>(statement, ...params).map(({ record }) => record));
}

export function record(statement: StatementSync, ...params: SQLInputValue[]): string {
  return first<{ record: string }>(statement, ...params)?.record ?? 'null';
}

/** Rows that are remembered for minutes lie in slots of a minute: the old ones go as a range, without an index on time. */
export const slotOf = (at: number): number => Math.floor(at / 60_000);
