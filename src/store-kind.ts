/** What a data directory remembers of a store that lies elsewhere, so that nobody makes a second, empty one beside it. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { lookAtStore } from './store/sqlite/examine.ts';

type Remembered = Extract<Config['store'], 'cql' | 'data'>;

const fileOf = (dataDir: string): string => join(dataDir, 'store-kind');

/** Null: the store is not known to lie elsewhere. */
export function rememberedStore(dataDir: string): Remembered | null {
  const file = fileOf(dataDir);
  const kind = existsSync(file) ? readFileSync(file, 'utf8').trim() : '';
  return kind === 'cql' || kind === 'data' ? kind : null;
}

/** Why this store may not be opened with this directory; null: it may. A store elsewhere may be reached in another way at any time. */
export function wrongStore({ store, dataDir }: Config): string | null {
  const known = store === 'sqlite' ? rememberedStore(dataDir) : null;
  if (known === null) return null;
  return `The data directory ${dataDir} was last used with --store ${known}. Give that, or another --data-dir; to use SQLite there, remove ${fileOf(dataDir)}.`;
}

/** The caller holds the directory's lock. */
export function rememberStore({ store, dataDir }: Config): void {
  if (store !== 'cql' && store !== 'data') return;
  if (rememberedStore(dataDir) !== store) writeFileSync(fileOf(dataDir), `${store}\n`, { mode: 0o600 });
}

/** A server would make a new one there. */
export const hasNoStore = (dataDir: string): boolean =>
  rememberedStore(dataDir) === null && lookAtStore(dataDir).store === 'none';
