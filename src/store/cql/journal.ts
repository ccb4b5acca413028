/** Rows, tells and results of commands on Cassandra. */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { JournalPort } from '../ports.ts';
import { JOURNAL_MS, JOURNAL_ROWS, REMEMBERED_MS } from '../retention.ts';
import type { JournalWrite, WriteHandlers } from '../subjects.ts';
import type { Known, Ops } from './draft.ts';
import type { Db } from './entries.ts';
import { quote, type ReadsAsText, sliceOf } from './queries.ts';

/** Partitions of the list of who has something to tell. */
const TELLER_SLICES = 16;

export const journalKnown: Readonly<Record<string, Known>> = {
  putRow: {
    at: 't ?1',
    cql: 'insert into {}.journal (owner, seq, note, at) values (?1, ?2, ?3, ?4) using timestamp ?s',
  },
  // Its timestamp is the row's number: whatever is written when, the newest row stays.
  putHead: {
    at: 't ?1',
    cql: 'insert into {}.journal_heads (owner, seq, note, at) values (?1, ?2, ?3, ?4) using timestamp ?2',
  },
  putTell: {
    at: 't ?1',
    cql: 'insert into {}.tells (owner, seq, hearer, command) values (?1, ?2, ?3, ?4) using timestamp ?s',
  },
  // It stays listed when all is confirmed, until somebody reads the list.
  putTeller: { at: 's ?1', cql: 'insert into {}.tellers (slice, owner, at) values (?1, ?2, ?s) using timestamp ?s' },
  deleteTell: {
    at: 't ?1',
    cql: 'delete from {}.tells using timestamp ?s where owner = ?1 and seq = ?2 and hearer = ?3',
  },
  putResult: {
    at: 't ?1',
    cql: 'insert into {}.results (owner, command_id, result, at) values (?1, ?2, ?3, ?4) using timestamp ?s',
  },
};

export const journalWrites: WriteHandlers<JournalWrite, Ops> = {
  putRow: ({ row: { seq, note, at } }, owner) => ['putRow', owner, seq, note, at, 'putHead', owner, seq, note, at],
  putTell: ({ tell: { seq, to, command } }, owner) => [
    ...['putTell', owner, seq, to, command, 'putTeller', sliceOf(owner, TELLER_SLICES), owner],
  ],
  deleteTell: ({ seq, to }, owner) => ['deleteTell', owner, seq, to],
  putResult: ({ commandId, result, at }, owner) => ['putResult', owner, commandId, result, at],
};

export type JournalReads = ReadsAsText<Omit<JournalPort, 'result'>> & {
  /** The clock is the asker's. */
  result(owner: OwnerKey, commandId: string, now: number): Promise<string>;
};

interface JournalRow {
  readonly seq: string;
  readonly note: string;
  readonly at: string;
}

interface Teller {
  readonly owner: OwnerKey;
  readonly at: string;
}

const rowOf = ({ seq, note, at }: JournalRow) => ({ seq: Number(seq), note, at: Number(at) });

export function journalReads(db: Db): JournalReads {
  const { cluster } = db;
  return {
    rows: async (owner, limit) => {
      if (limit <= 0) return '[]';
      const select = 'select seq, note, at from {}.journal where owner = ? limit ?';
      const found = (await cluster.rows<JournalRow>(select, [owner, Math.min(limit, JOURNAL_ROWS)])).map(rowOf);
      const [newest] = found;
      if (newest !== undefined) {
        const young = found.filter(({ at }, index) => index === 0 || newest.at - at < JOURNAL_MS);
        return JSON.stringify(young.reverse());
      }
      const head = await cluster.first<JournalRow>('select seq, note, at from {}.journal_heads where owner = ?', [
        owner,
      ]);
      return JSON.stringify(head === null ? [] : [rowOf(head)]);
    },
    tells: async (owner) => {
      const select = 'select seq, hearer, command from {}.tells where owner = ?';
      const rows = await cluster.rows<{ seq: string; hearer: OwnerKey; command: string }>(select, [owner]);
      return JSON.stringify(rows.map(({ seq, hearer, command }) => ({ seq: Number(seq), to: hearer, command })));
    },
    tellers: (after, limit) => tellers(db, after ?? '', limit),
    result: async (owner, commandId, now) => {
      const select = 'select result, at from {}.results where owner = ? and command_id = ?';
      const found = await cluster.first<{ result: string; at: string }>(select, [owner, commandId]);
      return quote(found !== null && now - Number(found.at) < REMEMBERED_MS ? found.result : null);
    },
  };
}

/** Who is listed and has told everything is taken off the list. */
async function tellers(db: Db, after: string, limit: number): Promise<string> {
  const found: string[] = [];
  for (let from = after; found.length < limit; ) {
    const page = await listed(db, from, limit);
    const telling = await Promise.all(page.map((teller) => stillTells(db, teller)));
    for (const [index, { owner }] of page.entries()) if (telling[index]) found.push(owner);
    const last = page.at(-1);
    if (last === undefined || page.length < limit) break;
    from = last.owner;
  }
  return JSON.stringify(found.slice(0, Math.max(0, limit)));
}

async function listed({ cluster }: Db, after: string, limit: number): Promise<readonly Teller[]> {
  const most = Math.max(1, limit);
  // No key is empty, so that everything is above the empty text.
  const select = 'select owner, at from {}.tellers where slice = ? and owner > ? limit ?';
  const slices = Array.from({ length: TELLER_SLICES }, (_, slice) => slice);
  const pages = await Promise.all(slices.map((slice) => cluster.rows<Teller>(select, [slice, after, most])));
  const all = pages.flat().sort((a, b) => (a.owner < b.owner ? -1 : 1));
  return all.slice(0, most);
}

async function stillTells({ cluster }: Db, { owner, at }: Teller): Promise<boolean> {
  const tell = await cluster.first<{ seq: string }>('select seq from {}.tells where owner = ? limit 1', [owner]);
  if (tell !== null) return true;
  // With the time of the entry that was read: a newer one stays.
  const cql = 'delete from {}.tellers using timestamp ? where slice = ? and owner = ?';
  await cluster.write([{ cql, params: [at, sliceOf(owner, TELLER_SLICES), owner] }], false);
  return false;
}
