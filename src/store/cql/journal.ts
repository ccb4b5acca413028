/** Rows, tells and results of commands on Cassandra. */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { JournalPort } from '../ports.ts';
import { JOURNAL_MS, JOURNAL_ROWS, REMEMBERED_MS } from '../retention.ts';
import type { JournalWrite, WriteHandlers } from '../subjects.ts';
import type { Db } from './db.ts';
import type { Known, Ops } from './draft.ts';
import { STAMP } from './entries.ts';
import { floorOf } from './journal-floors.ts';
import { quote, type ReadsAsText, sliceOf } from './queries.ts';
import { TELLER_SLICES } from './tell-draft.ts';

const PUT_ROW = 'insert into {}.journal (owner, seq, note, at) values (?, ?, ?, ?) using timestamp ?';
// Its timestamp is the row's number: whatever is written when, the newest row stays.
const PUT_HEAD = 'insert into {}.journal_heads (owner, seq, note, at) values (?, ?, ?, ?) using timestamp ?';
const PUT_FLOOR = 'insert into {}.journal_floors (owner, floor, next) values (?, ?, ?) using timestamp ?';

export const journalKnown: Readonly<Record<string, Known>> = {
  putRow: {
    arity: 3,
    run: async (draft, [seq = '', note = '', at = '']) => {
      const { owner, db } = draft;
      draft.put(`t ${owner}`, PUT_ROW, [owner, seq, note, at, STAMP]);
      draft.put(`t ${owner}`, PUT_HEAD, [owner, seq, note, at, seq]);
      const moved = await db.floors.count(owner, Number(seq));
      if (moved !== null) draft.put(`t ${owner}`, PUT_FLOOR, [owner, ...moved.map(String), STAMP]);
    },
  },
  putTell: {
    arity: 3,
    run: (draft, [seq, hearer, command = '']) =>
      draft.tells.put({ seq: Number(seq), hearer: hearer as OwnerKey }, command),
  },
  deleteTell: {
    arity: 2,
    run: (draft, [seq, hearer]) => draft.tells.delete({ seq: Number(seq), hearer: hearer as OwnerKey }),
  },
  putResult: {
    at: 't ?1',
    cql: 'insert into {}.results (owner, command_id, result, at) values (?1, ?2, ?3, ?4) using timestamp ?s',
  },
};

export const journalWrites: WriteHandlers<JournalWrite, Ops> = {
  putRow: ({ row: { seq, note, at } }) => ['putRow', seq, note, at],
  putTell: ({ tell: { seq, to, command } }) => ['putTell', seq, to, command],
  deleteTell: ({ seq, to }) => ['deleteTell', seq, to],
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
      const select = 'select seq, note, at from {}.journal where owner = ? and seq >= ? limit ?';
      const params = [owner, await floorOf(cluster, owner), Math.min(limit, JOURNAL_ROWS)];
      const found = (await cluster.rows<JournalRow>(select, params)).map(rowOf);
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
