/** A row draft in its three later forms: in the ring of its owner, in the journal, and (see moves.ts) on the links. */
import type { EventDraft, JournalNote, RowDraft, VisibilityDraft } from '../protocol/decision.ts';
import type { Body } from '../protocol/envelope.ts';
import type { Wording } from './ports.ts';
import type { RingRow } from './rows.ts';

export const bodyOf = ({ t, d, cls, full }: EventDraft): Body => ({ t, d, cls, full });

/** What those hear who gain it, and those who lose it. */
export function toldOf({ created, deleted }: Pick<VisibilityDraft, 'created' | 'deleted'>, wording: Wording) {
  return {
    created: created === null ? null : wording.created(created),
    deleted: deleted === null ? null : wording.deleted(deleted),
  };
}

/** Null: nobody can have missed it (a join is heard from the user's own actor). */
export function ringRow(draft: RowDraft, seq: number, wording: Wording): RingRow | null {
  switch (draft.kind) {
    case 'event':
      return { seq, kind: 'event', topic: draft.topic, body: bodyOf(draft) };
    case 'visibility': {
      const { from, to } = draft;
      const [gained, lost] = [new Set(draft.gained), new Set(draft.lost)];
      return { seq, kind: 'visibility', from, to, gained, lost, ...toldOf(draft, wording) };
    }
    case 'leave':
      return { seq, kind: 'leave', user: draft.user };
    default:
      return null;
  }
}

/** As it is stored. `before`: the stored row before it, so that a journal whose old rows were dropped knows how far back it reaches. */
export type KeptNote = JournalNote & { readonly before: number };

/** Null: volatile, it may die with its owner. */
export function journalNote(draft: RowDraft, maxUsers: number): JournalNote | null {
  if (draft.kind === 'event') {
    const { topic, t, cls, full, note } = draft;
    if (note === null) return null;
    return { kind: 'event', topic, t, cls, full, note, d: note.as === 'literal' ? draft.d : null };
  }
  if (draft.kind !== 'visibility') return draft;
  const { kind, channel, from, to, deleted } = draft;
  const tooMany = draft.gained.length + draft.lost.length > maxUsers;
  const [gained, lost] = tooMany ? [null, null] : [draft.gained, draft.lost];
  return { kind, channel, from, to, gained, lost, deleted };
}
