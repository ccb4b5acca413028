/** Rows, tells and results of commands in memory. */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { StoredRow, StoredTell } from '../../protocol/writes.ts';
import type { JournalPort } from '../ports.ts';
import { JOURNAL_MS, JOURNAL_ROWS, REMEMBERED_MS } from '../retention.ts';
import type { JournalWrite, ReadsNow, WriteHandlers } from '../subjects.ts';

interface Result {
  readonly result: string;
  readonly at: number;
}

export class MemoryJournal implements ReadsNow<Omit<JournalPort, 'result'>> {
  /** Ascending by number. */
  readonly #rows = new Map<OwnerKey, StoredRow[]>();
  readonly #tells = new Map<OwnerKey, Map<string, StoredTell>>();
  /** In the order of their last writing: the oldest are dropped first. */
  readonly #results = new Map<string, Result>();

  readonly writes: WriteHandlers<JournalWrite, void> = {
    putRow: ({ row }, owner) => {
      const others = (this.#rows.get(owner) ?? []).filter(({ seq }) => seq !== row.seq);
      const rows = [...others, row].sort((a, b) => a.seq - b.seq);
      const young = rows.filter(({ at }, index) => row.at - at < JOURNAL_MS || index === rows.length - 1);
      this.#rows.set(owner, young.slice(-JOURNAL_ROWS));
    },
    putTell: ({ tell }, owner) => {
      const tells = this.#tells.get(owner) ?? new Map<string, StoredTell>();
      this.#tells.set(owner, tells.set(`${tell.seq}:${tell.to}`, tell));
    },
    deleteTell: ({ seq, to }, owner) => void this.#tells.get(owner)?.delete(`${seq}:${to}`),
    putResult: ({ commandId, result, at }, owner) => {
      const key = `${owner} ${commandId}`;
      this.#results.delete(key);
      this.#results.set(key, { result, at });
      for (const [oldest, { at: oldestAt }] of this.#results) {
        if (at - oldestAt < REMEMBERED_MS) break;
        this.#results.delete(oldest);
      }
    },
  };

  rows(owner: OwnerKey, limit: number): readonly StoredRow[] {
    return limit <= 0 ? [] : (this.#rows.get(owner) ?? []).slice(-limit);
  }

  tellers(after: OwnerKey | null, limit: number): readonly OwnerKey[] {
    const owners = [...this.#tells].filter(([owner, tells]) => tells.size > 0 && owner > (after ?? ''));
    return owners
      .map(([owner]) => owner)
      .sort()
      .slice(0, Math.max(0, limit));
  }

  tells(owner: OwnerKey): readonly StoredTell[] {
    const tells = [...(this.#tells.get(owner)?.values() ?? [])];
    return tells.sort((a, b) => a.seq - b.seq || (a.to < b.to ? -1 : 1));
  }

  result(owner: OwnerKey, commandId: string, now: number): string | null {
    const found = this.#results.get(`${owner} ${commandId}`);
    return found !== undefined && now - found.at < REMEMBERED_MS ? found.result : null;
  }
}
