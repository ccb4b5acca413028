/** Looks at a data directory from outside: nothing is changed, and a server may be running on it. */

import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { lockDirectory } from './open.ts';
import { APPLICATION_ID, MIGRATIONS } from './schema.ts';

export type StoreLook =
  | { readonly store: 'none' }
  | { readonly store: 'unreadable'; readonly why: string }
  /** The database of another program. */
  | { readonly store: 'foreign' }
  /** `version` above `knows`: of a newer program. */
  | { readonly store: 'ours'; readonly version: number; readonly knows: number };

export function lookAtStore(dir: string): StoreLook {
  const path = `${dir}/guildhall.db`;
  if (!existsSync(path)) return { store: 'none' };
  try {
    const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
    try {
      const [version, application] = [number(db, 'user_version'), number(db, 'application_id')];
      // A damaged file is often found out by reading what it says it has.
      db.prepare('select count(*) from sqlite_schema').get();
      if (application !== APPLICATION_ID) return { store: 'foreign' };
      return { store: 'ours', version, knows: MIGRATIONS.length };
    } finally {
      db.close();
    }
  } catch (error) {
    return { store: 'unreadable', why: error instanceof Error ? error.message : String(error) };
  }
}

/** Why it is not to be used, and what to do; null: it may be, or there is none. */
export function whyNoStore(look: StoreLook): { readonly found: string; readonly mend: string } | null {
  switch (look.store) {
    case 'none':
    case 'ours':
      return null;
    case 'unreadable':
      return {
        found: `guildhall.db cannot be read: ${look.why}`,
        mend: 'check its owner; if it is damaged, bring back a backup',
      };
    case 'foreign':
      return { found: 'guildhall.db belongs to another program', mend: 'give another --data-dir' };
  }
}

/** The same as a sentence. */
export function unusableStore(dir: string, look: StoreLook): string | null {
  const why = whyNoStore(look);
  return why === null ? null : `${dir}/${why.found}; ${why.mend}.`;
}

/** Somebody holds the directory at this moment. */
export function isLocked(dir: string): boolean {
  if (!existsSync(`${dir}/lock.db`)) return false;
  try {
    lockDirectory(dir).close();
    return false;
  } catch {
    return true;
  }
}

function number(db: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(db.prepare(`pragma ${name}`).get()?.[name]);
}
