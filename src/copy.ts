/** Copies a store into another one, remembers in a file how far it is, and compares both at the end. */
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { type Clock, realClock } from './base/clock.ts';
import { parseJson } from './protocol/json.ts';
import { type Comparison, compareTables } from './store/comparing.ts';
import { copyTables, type Place, START } from './store/copying.ts';
import type { ClusterOptions } from './store/cql/cluster.ts';
import { openSqliteSource, openSqliteTarget } from './store/sqlite/transfer.ts';
import {
  SHORT_LIVED,
  TRANSFER_TABLES,
  type TransferSource,
  type TransferTable,
  type TransferTarget,
} from './store/transfer.ts';

export interface CopyRequest {
  /** `sqlite:DIRECTORY`, `cql:KEYSPACE` or `cql:HOST[:PORT],…/KEYSPACE`. */
  readonly from: string;
  readonly to: string;
  /** File that says how far the copy is; gone when it is done. */
  readonly checkpoint: string;
  /** How a cluster is reached, as far as `cql:` does not say it. Who may enter it is never said there. */
  readonly cluster: ClusterOptions;
}

export interface Progress {
  readonly what: 'copying' | 'comparing';
  readonly rows: number;
  /** Roughly. */
  readonly of: number;
  /** A second, since this run began. */
  readonly rate: number;
}

export interface Copied {
  readonly rows: number;
  /** Rows that an earlier run had copied. */
  readonly resumedAt: number;
  readonly compared: readonly Comparison[];
}

const CHUNK = 1000;
const PAUSE_MS = 500;
/** Differences of one table that are named. */
const NAMED = 20;

const checkpointForm = z.object({
  from: z.string(),
  to: z.string(),
  table: z.enum(TRANSFER_TABLES),
  after: z.string().nullable(),
  rows: z.number(),
});

/** Rejects with an error whose message is the whole story. `saw` hears of each chunk. */
export async function copyStore(
  request: CopyRequest,
  saw: (progress: Progress) => void,
  clock: Clock = realClock,
): Promise<Copied> {
  refuseSame(request);
  const resumed = readCheckpoint(request);
  const source = await openSource(request);
  let target: TransferTarget | null = null;
  try {
    target = await openTarget(request, await source.epoch());
    if (resumed === null && (await countAll(target)) > 0) {
      throw new Error(
        `${request.to} holds something already. Copy into an empty store, or go on with the checkpoint of the copy that began it.`,
      );
    }
    const from = resumed ?? START;
    const total = await countAll(source);
    writeCheckpoint(request, from);
    const rows = await copy(request, source, target, from, paced(clock, 'copying', total, from.rows, saw), clock);
    const tell = paced(clock, 'comparing', await countAll(source, KEPT), 0, saw);
    let seen = 0;
    const compared = await compareTables({
      ...{ source, target, chunk: CHUNK, most: NAMED },
      saw: (more) => {
        seen += more;
        tell(seen);
      },
    });
    rmSync(request.checkpoint, { force: true });
    return { rows, resumedAt: from.rows, compared };
  } finally {
    await target?.close();
    await source.close();
  }
}

async function copy(
  request: CopyRequest,
  source: TransferSource,
  { committer }: TransferTarget,
  from: Place,
  tell: (rows: number) => void,
  clock: Clock,
): Promise<number> {
  const { rows } = await copyTables({
    ...{ source, target: committer, from, chunk: CHUNK },
    pause: () => new Promise((resolve) => clock.after(PAUSE_MS, resolve)),
    reached: async (place) => {
      writeCheckpoint(request, place);
      tell(place.rows);
    },
  });
  return rows;
}

type Side = { readonly dir: string } | { readonly cluster: ClusterOptions };

const SQLITE = /^sqlite:(.+)$/;
const CQL = /^cql:(?:([\w.-]+(?::\d{1,5})?(?:,[\w.-]+(?::\d{1,5})?)*)\/)?([a-z][a-z0-9_]{0,47})$/;

function sideOf(text: string, cluster: ClusterOptions): Side {
  const [, dir] = SQLITE.exec(text) ?? [];
  if (dir !== undefined) return { dir };
  const [, hosts, keyspace] = CQL.exec(text) ?? [];
  if (keyspace === undefined) {
    throw new Error(`${text} is no store: say sqlite:DIRECTORY, cql:KEYSPACE or cql:HOST:PORT,HOST:PORT/KEYSPACE`);
  }
  const contactPoints = hosts?.split(',') ?? cluster.contactPoints;
  return { cluster: { ...cluster, contactPoints, keyspace } };
}

/** Which files those are: one directory has many paths, by links and mounts. What is not there yet is only a path. */
function placeOf(dir: string): string {
  for (const path of [join(dir, 'guildhall.db'), dir]) {
    if (!existsSync(path)) continue;
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  }
  return resolve(dir);
}

/** One side would hold the lock that the other one waits for, or both would write to one file. */
function refuseSame({ from, to, cluster }: CopyRequest): void {
  const [one, other] = [sideOf(from, cluster), sideOf(to, cluster)].map((side) =>
    'dir' in side ? placeOf(side.dir) : JSON.stringify([side.cluster.contactPoints, side.cluster.keyspace]),
  );
  if (one === other) throw new Error(`${from} and ${to} are the same store; copy into another one.`);
}

/** Who does not copy from or to a cluster does not load what speaks to it. */
const cqlSides = () => import('./store/cql/transfer.ts');

async function openSource({ from, cluster }: CopyRequest): Promise<TransferSource> {
  const side = sideOf(from, cluster);
  return 'dir' in side ? openSqliteSource(side.dir) : (await cqlSides()).openCqlSource(side.cluster);
}

async function openTarget({ to, cluster }: CopyRequest, epoch: number): Promise<TransferTarget> {
  const side = sideOf(to, cluster);
  return 'dir' in side ? openSqliteTarget(side.dir, epoch) : (await cqlSides()).openCqlTarget(side.cluster, epoch);
}

/** What is compared. */
const KEPT = TRANSFER_TABLES.filter((table) => !SHORT_LIVED.has(table));

async function countAll(
  side: Pick<TransferSource, 'count'>,
  tables: readonly TransferTable[] = TRANSFER_TABLES,
): Promise<number> {
  let rows = 0;
  for (const table of tables) rows += await side.count(table);
  return rows;
}

function paced(clock: Clock, what: Progress['what'], of: number, from: number, saw: (progress: Progress) => void) {
  const began = clock.monotonic();
  return (rows: number): void => {
    const seconds = Math.max(0.001, (clock.monotonic() - began) / 1000);
    saw({ what, rows, of, rate: (rows - from) / seconds });
  };
}

// --- the checkpoint

function readCheckpoint({ from, to, checkpoint }: CopyRequest): Place | null {
  if (!existsSync(checkpoint)) return null;
  const said = checkpointForm.safeParse(parseJson(readFileSync(checkpoint, 'utf8')));
  if (!said.success) throw new Error(`${checkpoint} is no checkpoint of a copy.`);
  if (said.data.from === from && said.data.to === to) return said.data;
  throw new Error(`${checkpoint} is of another copy: from ${said.data.from} to ${said.data.to}.`);
}

/** Whole or as it was, whenever this process is killed. */
function writeCheckpoint({ from, to, checkpoint }: CopyRequest, place: Place): void {
  try {
    writeFileSync(`${checkpoint}.new`, JSON.stringify({ from, to, ...place }), { mode: 0o600 });
    renameSync(`${checkpoint}.new`, checkpoint);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The file of --checkpoint, ${checkpoint}, cannot be written: ${why}`, { cause });
  }
}
