/** Compares two stores by scans alone, whatever order each has: a sum per bucket of what its rows hash to, then the rows of buckets that differ. */
import { createHash } from 'node:crypto';
import { SHORT_LIVED, TRANSFER_TABLES, type TransferRow, type TransferSource, type TransferTable } from './transfer.ts';

type Scan = Pick<TransferSource, 'scan'>;

export interface Comparison {
  readonly table: TransferTable;
  /** Rows on each side. */
  readonly rows: readonly [source: number, target: number];
  /** What one side alone has, as JSON; at most so many of each. It is printed: of an account it says only whose it is. */
  readonly onlySource: readonly string[];
  readonly onlyTarget: readonly string[];
}

export interface CompareOptions {
  readonly source: Scan;
  readonly target: Scan;
  readonly chunk: number;
  /** Differences of one table that are named. */
  readonly most: number;
  /** So many more rows were compared. */
  readonly saw: (rows: number) => void;
}

const BUCKETS = 4096;

/** Each table that is kept, in their order. */
export async function compareTables(options: CompareOptions): Promise<readonly Comparison[]> {
  const compared: Comparison[] = [];
  for (const table of TRANSFER_TABLES) if (!SHORT_LIVED.has(table)) compared.push(await compareTable(table, options));
  return compared;
}

export const isSame = ({ rows: [source, target], onlySource, onlyTarget }: Comparison): boolean =>
  source === target && onlySource.length === 0 && onlyTarget.length === 0;

async function compareTable(table: TransferTable, options: CompareOptions): Promise<Comparison> {
  const { source, target, saw } = options;
  const [here, there] = [await sumUp(table, source, options, saw), await sumUp(table, target, options, () => {})];
  const rows: Comparison['rows'] = [here.rows, there.rows];
  const differing = new Set<number>();
  for (let bucket = 0; bucket < BUCKETS; bucket += 1) {
    if (here.sums[bucket] !== there.sums[bucket]) differing.add(bucket);
  }
  if (differing.size === 0) return { table, rows, onlySource: [], onlyTarget: [] };
  const few = someOf(differing, Math.max(...rows), options.most);
  const [ours, theirs] = [await collect(table, source, options, few), await collect(table, target, options, few)];
  const only = (all: Texts, others: Texts): string[] =>
    [...all].flatMap(([text, name]) => (others.has(text) ? [] : [name])).slice(0, options.most);
  return { table, rows, onlySource: only(ours, theirs), onlyTarget: only(theirs, ours) };
}

interface Sums {
  readonly sums: Uint32Array;
  rows: number;
}

async function sumUp(
  table: TransferTable,
  side: Scan,
  { chunk }: CompareOptions,
  saw: (rows: number) => void,
): Promise<Sums> {
  const found: Sums = { sums: new Uint32Array(BUCKETS), rows: 0 };
  for await (const rows of pages(table, side, chunk)) {
    for (const row of rows) {
      const hash = hashOf(textOf(row));
      const bucket = bucketOf(hash);
      found.sums[bucket] = (found.sums[bucket] ?? 0) + hash.readUInt32LE(4);
      found.rows += 1;
    }
    saw(rows.length);
  }
  return found;
}

/** Each differs, so a few name enough. Whole ones: what is cut off on one side would look as if it were missing there. */
function someOf(differing: ReadonlySet<number>, rows: number, most: number): ReadonlySet<number> {
  const rowsOfOne = Math.ceil(rows / BUCKETS);
  return new Set([...differing].slice(0, Math.max(1, Math.floor((most * BUCKETS) / rowsOfOne))));
}

/** Whole rows, with what they are called. */
type Texts = ReadonlyMap<string, string>;

/** The rows of some buckets. */
async function collect(
  table: TransferTable,
  side: Scan,
  { chunk }: CompareOptions,
  buckets: ReadonlySet<number>,
): Promise<Texts> {
  const texts = new Map<string, string>();
  for await (const rows of pages(table, side, chunk)) {
    for (const row of rows) {
      const text = textOf(row);
      if (buckets.has(bucketOf(hashOf(text)))) texts.set(text, nameOf(row) ?? text);
    }
  }
  return texts;
}

/** Of what holds hashes, names to log in with or addresses; null: it may be called by all that it is. */
function nameOf({ write }: TransferRow): string | null {
  switch (write.w) {
    case 'putUser':
      return JSON.stringify({ w: write.w, userId: write.user.user.id });
    case 'putLogin':
      return JSON.stringify({ w: write.w, userId: write.userId });
    case 'putToken':
      return JSON.stringify({ w: write.w, userId: write.token.user });
    default:
      return null;
  }
}

async function* pages(table: TransferTable, side: Scan, chunk: number): AsyncGenerator<readonly TransferRow[]> {
  for (let after: string | null = null; ; ) {
    const rows: readonly TransferRow[] = await side.scan(table, after, chunk);
    const last = rows.at(-1);
    if (last === undefined) return;
    yield rows;
    after = last.key;
  }
}

const hashOf = (text: string): Buffer => createHash('sha1').update(text).digest();
const bucketOf = (hash: Buffer): number => hash.readUInt32LE(0) % BUCKETS;

/** Without the order of the keys in it, which a store need not keep. */
function textOf({ owner, write }: TransferRow): string {
  return JSON.stringify({ owner, write }, (_key, value: unknown) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}
