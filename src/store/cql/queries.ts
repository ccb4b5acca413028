/** What the subjects of this adapter share: answers as JSON text, put together without parsing what is stored as JSON. */
import { isSnowflake, type Snowflake } from '../../protocol/ids.ts';
import type { Param, Queries } from './cluster.ts';

/** Every read by an adapter whose answers are JSON texts. */
export type ReadsAsText<Port> = {
  readonly [Method in keyof Port]: Port[Method] extends (...args: infer Args) => unknown
    ? (...args: Args) => Promise<string>
    : never;
};

/** A JSON array of texts that are JSON already. */
export const jsonArray = (texts: readonly string[]): string => `[${texts.join(',')}]`;

export const quote = (value: string | number | null): string => JSON.stringify(value);

interface Recorded {
  readonly record: string | null;
}

export async function records(cluster: Queries, cql: string, params: readonly Param[]): Promise<string[]> {
  const rows = await cluster.rows<Recorded>(cql, params);
  return rows.flatMap(({ record }) => (record === null ? [] : [record]));
}

export async function record(cluster: Queries, cql: string, params: readonly Param[]): Promise<string> {
  return (await cluster.first<Recorded>(cql, params))?.record ?? 'null';
}

/** The record of an id. The driver takes ids modulo 2^64: beyond what is one, it would find somebody else's. */
export async function recordOf(cluster: Queries, cql: string, id: Snowflake): Promise<string> {
  return isSnowflake(id) ? record(cluster, cql, [id]) : 'null';
}

/** Which of `slices` partitions a key lies in: the same for ever. */
export function sliceOf(key: string, slices: number): number {
  let hash = 0;
  for (let at = 0; at < key.length; at += 1) hash = (Math.imul(hash, 31) + key.charCodeAt(at)) >>> 0;
  return hash % slices;
}
