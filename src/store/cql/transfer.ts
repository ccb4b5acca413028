/** A keyspace as a side of a copy: read by ranges of tokens, on a connection of its own, while the store's thread holds the lease. */
import { realClock } from '../../base/clock.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { TransferRow, TransferSource, TransferTable, TransferTarget } from '../transfer.ts';
import { connectStore } from './client.ts';
import { Cluster, type Param } from './cluster.ts';
import { raiseEpoch, storedEpoch } from './epochs.ts';
import { versionOf } from './migrations.ts';
import { type ClusterOptions, openCql } from './threads.ts';
import { type Part, type Row, SHAPES, type Shape } from './transfer-shapes.ts';
import { troubleOf } from './trouble.ts';

export type { ClusterOptions };

/** Where a row stands: its part, its token, its key. With a part alone: at the beginning of it. */
type Place = readonly [part: number, token?: string, ...key: (string | number)[]];

const ATTEMPTS = 10;
const PAUSE_MS = 500;

/** All tokens there are. */
const RING = [-(2n ** 63n), 2n ** 63n - 1n] as const;
/** Ranges that one becomes whose rows cannot be counted in time, and how often. */
const PIECES = 16n;
const MOST_SPLITS = 5;

type Rows = <R>(cql: string, params: readonly Param[]) => Promise<readonly R[]>;

export class CqlScan {
  readonly #rows: Rows;

  /** `rows`: asks the cluster once. */
  constructor(rows: Rows) {
    this.#rows = rows;
  }

  async scan(table: TransferTable, after: string | null, limit: number): Promise<readonly TransferRow[]> {
    const shape = SHAPES[table];
    const lookup = { rows: <R>(cql: string, params: readonly Param[] = []) => this.#patient<R>(cql, params) };
    for (let place: Place = after === null ? [0] : parseOwn<Place>(after); ; ) {
      const part = shape.parts[place[0]];
      if (part === undefined) return [];
      const rows = await this.#page(part, place, limit);
      const last = rows.at(-1);
      const writes = await shape.writes(rows, lookup);
      const found = rows.flatMap((row, at) => {
        const write = writes[at] ?? null;
        const key = JSON.stringify(placeOf(place[0], part, row));
        return write === null ? [] : [{ key, owner: ownerOf(shape, row), write }];
      });
      if (found.length > 0) return found;
      place = last === undefined ? [place[0] + 1] : placeOf(place[0], part, last);
    }
  }

  async count(table: TransferTable): Promise<number> {
    const { parts, count } = SHAPES[table];
    let found = 0;
    for (const part of parts) found += await this.#countRange(part, count ?? EVERY_ROW, RING, 0);
    return found;
  }

  /** The next rows in the order of tokens and keys. */
  async #page(part: Part, [, token, ...key]: Place, limit: number): Promise<readonly Row[]> {
    const { partition, clustering, isDescending = false } = part;
    const select = selectOf(part);
    if (token === undefined) return this.#patient(`${select} limit ?`, [limit]);
    const [whose, at] = [key.slice(0, partition.length), key.slice(partition.length)];
    const isWhose = partition.map((name) => `${name} = ?`).join(' and ');
    const rows: Row[] = [];
    const add = async (where: string, params: readonly Param[]): Promise<void> => {
      if (rows.length === limit) return;
      rows.push(...(await this.#patient<Row>(`${select} where ${where} limit ?`, [...params, limit - rows.length])));
    };
    if (clustering.length > 0) {
      const beyond = `(${clustering.join(', ')}) ${isDescending ? '<' : '>'} (${clustering.map(() => '?').join(', ')})`;
      await add(`${isWhose} and ${beyond}`, [...whose, ...at]);
    }
    for (const twin of await this.#twins(part, token, whose)) await add(isWhose, twin);
    await add(`${tokenOf(part)} > ?`, [token]);
    return rows;
  }

  /** Partitions after this one that have the same token: rare, unless somebody chose his names to that end. */
  async #twins({ table, partition }: Part, token: string, whose: readonly (string | number)[]) {
    const names = partition.join(', ');
    const cql = `select distinct ${names} from {}.${table} where token(${names}) = ?`;
    const found = await this.#patient<Row>(cql, [token]);
    const keys = found.map((row) => partition.map((name) => row[name] as string | number));
    const own = keys.findIndex((key) => key.every((value, at) => value === whose[at]));
    return keys.slice(own + 1);
  }

  async #countRange(
    part: Part,
    count: NonNullable<Shape['count']>,
    [from, to]: readonly [bigint, bigint],
    splits: number,
  ): Promise<number> {
    const token = tokenOf(part);
    const group = count.group === undefined ? '' : ` group by ${count.group}`;
    const cql = `select ${count.select} from {}.${part.table} where ${token} >= ? and ${token} <= ?${group}`;
    try {
      const rows = await this.#rows<Row>(cql, [String(from), String(to)]);
      return rows.reduce((sum, row) => sum + count.of(row), 0);
    } catch (error) {
      if (troubleOf(error) === 'refused' || splits === MOST_SPLITS) throw error;
    }
    let found = 0;
    const width = (to - from) / PIECES + 1n;
    for (let low = from; low <= to; low += width) {
      const high = low + width - 1n;
      found += await this.#countRange(part, count, [low, high < to ? high : to], splits + 1);
    }
    return found;
  }

  async #patient<R>(cql: string, params: readonly Param[]): Promise<readonly R[]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#rows<R>(cql, params);
      } catch (error) {
        if (troubleOf(error) === 'refused' || attempt === ATTEMPTS) throw error;
      }
      await new Promise<void>((resolve) => realClock.after(PAUSE_MS, resolve));
    }
  }
}

const EVERY_ROW: NonNullable<Shape['count']> = {
  select: 'count(*) as count',
  of: (row) => Number(row.count),
};

const tokenOf = ({ partition }: Part): string => `token(${partition.join(', ')})`;

function selectOf(part: Part): string {
  const { table, partition, clustering, columns, isStatic = false } = part;
  const names = [...partition, ...clustering, ...columns, `${tokenOf(part)} as place`];
  return `select ${isStatic ? 'distinct ' : ''}${names.join(', ')} from {}.${table}`;
}

function placeOf(at: number, { partition, clustering }: Part, row: Row): Place {
  const key = [...partition, ...clustering].map((name) => row[name] as string | number);
  return [at, String(row.place), ...key];
}

const ownerOf = ({ owner }: Shape, row: Row): OwnerKey | null =>
  owner === undefined ? null : (row[owner] as OwnerKey);

/** Ranges are long to read: a second node would be asked in vain. */
const connect = (options: ClusterOptions): Promise<Cluster> => Cluster.connect({ ...options, speculativeReadsMs: 0 });

/** Rejects with a sentence: there is no store, or a server runs on it. */
export async function openCqlSource(options: ClusterOptions): Promise<TransferSource> {
  const cluster = await connect(options);
  try {
    if ((await versionOf(cluster)) === null) throw new Error(`There is no store in the keyspace ${options.keyspace}.`);
  } catch (error) {
    await cluster.close();
    throw error;
  }
  return openSide(options, cluster, 0);
}

export async function openCqlTarget(options: ClusterOptions, epoch: number): Promise<TransferTarget> {
  return openSide(options, await connect(options), epoch);
}

async function openSide(options: ClusterOptions, cluster: Cluster, epoch: number): Promise<TransferTarget> {
  const threads = await openCql(options).catch(async (error: unknown) => {
    await cluster.close();
    throw error;
  });
  let dead: Error | null = null;
  void threads.died.then((error) => {
    dead = error;
  });
  const store = connectStore(threads.connect());
  const scan = new CqlScan(async (cql, params) => {
    // Somebody else may write there now.
    if (dead !== null) throw dead;
    return cluster.rows(cql, params);
  });
  const close = async (): Promise<void> => {
    await store.close();
    await threads.close();
    await cluster.close();
  };
  try {
    await raiseEpoch(cluster, epoch);
    // What was begun before is finished: who takes an owner over does that.
    for (const { owner } of await cluster.rows<{ owner: OwnerKey }>('select distinct owner from {}.pending')) {
      store.release(owner, await store.fence(owner));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    committer: store,
    scan: (...args) => scan.scan(...args),
    count: (table) => scan.count(table),
    epoch: () => storedEpoch(cluster),
    close,
  };
}
