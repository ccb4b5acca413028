/** Rows, tells and results of commands in SQLite. */
import type { DatabaseSync } from 'node:sqlite';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { JournalPort } from '../ports.ts';
import { REMEMBERED_MS } from '../retention.ts';
import type { JournalWrite, WriteHandlers } from '../subjects.ts';
import { all, first, type Ops, quote, type ReadsAsText, slotOf } from './queries.ts';

export const journalSql = {
  putRow: `insert into journal values (?1, ?2, ?3, ?4)
    on conflict do update set note = excluded.note, at = excluded.at`,
  putTell: 'insert into tells values (?1, ?2, ?3, ?4) on conflict do update set command = excluded.command',
  deleteTell: 'delete from tells where owner = ?1 and seq = ?2 and hearer = ?3',
  putResult: `insert into results values (?1, ?2, ?3, ?4, ?5)
    on conflict do update set result = excluded.result, at = excluded.at`,
};

export const journalWrites: WriteHandlers<JournalWrite, Ops> = {
  putRow: ({ row: { seq, note, at } }, owner) => ['putRow', owner, seq, note, at],
  putTell: ({ tell: { seq, to, command } }, owner) => ['putTell', owner, seq, to, command],
  deleteTell: ({ seq, to }, owner) => ['deleteTell', owner, seq, to],
  putResult: ({ commandId, result, at }, owner) => ['putResult', slotOf(at), owner, commandId, result, at],
};

export type JournalReads = ReadsAsText<Omit<JournalPort, 'result'>> & {
  /** The clock is the asker's. */
  result(owner: OwnerKey, commandId: string, now: number): string;
};

export function journalReads(db: DatabaseSync): JournalReads {
  const rows = db.prepare('select seq, note, at from journal where owner = ?1 order by seq desc limit ?2');
  const tells = db.prepare('select seq, hearer as "to", command from tells where owner = ?1 order by seq, hearer');
  const tellers = db.prepare('select distinct owner from tells where owner > ?1 order by owner limit ?2');
  const result = db.prepare(`select result from results where slot = ?1 and owner = ?2 and command_id = ?3
    and at > ?4`);
  return {
    rows: (owner, limit) => JSON.stringify(all(rows, owner, Math.max(0, limit)).reverse()),
    tells: (owner) => JSON.stringify(all(tells, owner)),
    tellers: (after, limit) =>
      JSON.stringify(all<{ owner: string }>(tellers, after ?? '', Math.max(0, limit)).map(({ owner }) => owner)),
    result: (owner, commandId, now) => {
      for (let slot = slotOf(now); slot >= slotOf(now - REMEMBERED_MS); slot -= 1) {
        const found = first<{ result: string }>(result, slot, owner, commandId, now - REMEMBERED_MS);
        if (found !== null) return quote(found.result);
      }
      return 'null';
    },
  };
}
