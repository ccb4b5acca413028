/** Rows whose texts say their number, so that who reads them knows which they are. */
import type { RingRow } from '../../src/actor/rows.ts';
import type { RowDraft } from '../../src/protocol/decision.ts';

/** `json`: an object that is not empty. */
export const numbered = (json: string, seq: number): string => `{"seq":${seq},${json.slice(1)}`;

export function numberedDraft(draft: RowDraft, seq: number): RowDraft {
  if (draft.kind === 'event') return { ...draft, d: numbered(draft.d, seq) };
  if (draft.kind !== 'visibility' || draft.created === null || draft.deleted === null) return draft;
  return { ...draft, created: numbered(draft.created, seq), deleted: numbered(draft.deleted, seq) };
}

/** What is told again of a thing is its present form, which has no number: it is that of the row. */
export function numberedRow(row: RingRow): RingRow {
  const { seq } = row;
  if (row.kind === 'event' && row.body !== null) return { ...row, body: { ...row.body, d: numbered(row.body.d, seq) } };
  if (row.kind !== 'visibility' || row.created === null) return row;
  return { ...row, created: { ...row.created, d: numbered(row.created.d, seq) } };
}
