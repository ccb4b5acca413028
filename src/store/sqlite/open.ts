/** Opens one connection to the store's file with the settings its role needs. */
import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { DirectoryHeld } from '../../protocol/errors.ts';

/** The only connection that writes: every commit is on disk before it is acknowledged; checkpoints are run by the writer itself. */
export function openWriter(path: string): DatabaseSync {
  makeFile(path);
  const db = new DatabaseSync(path, { timeout: 1000 });
  db.exec(`pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 0; pragma foreign_keys = off;
    pragma journal_size_limit = ${16 << 20}; pragma cache_size = -65536; pragma temp_store = memory`);
  return db;
}

/**
 * Hashes of passwords lie in it: its owner's alone, also in a directory that others may read. SQLite gives its log the same mode. One that is
 * there is never opened here: to close it would end this process's locks on it.
 */
function makeFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch {
    // It is there, or SQLite says why it cannot be.
  }
}

/** Sees what was committed when a read starts; never waits for the writer. */
export function openReader(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true, timeout: 1000 });
  db.exec('pragma query_only = on; pragma cache_size = -32768; pragma temp_store = memory');
  return db;
}

/** A directory that is made here is its owner's alone: messages lie in it. One that is there stays as it is. Throws with a sentence. */
export function makeDirectory(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (cause) {
    if (existsSync(dir)) throw new Error(`The data directory ${dir} is no directory.`, { cause });
    throw new Error(`The data directory ${dir} cannot be made: ${messageOf(cause)}`, { cause });
  }
}

/**
 * Locks the data directory for as long as the connection is open: the lock is the operating system's, so it goes with the process however that ends.
 * Throws DirectoryHeld, and another error with a sentence when nothing can be written there.
 */
export function lockDirectory(dir: string): DatabaseSync {
  let db: DatabaseSync | null = null;
  try {
    db = new DatabaseSync(`${dir}/lock.db`, { timeout: 0 });
    db.exec('begin exclusive');
    return db;
  } catch (cause) {
    db?.close();
    if (isBusy(cause)) throw new DirectoryHeld(dir, { cause });
    throw new Error(`The data directory ${dir} cannot be written: ${messageOf(cause)}${whose(dir)}`, { cause });
  }
}

/** More to say when it belongs to somebody else, as a folder that is mounted into a container does. */
function whose(dir: string): string {
  const lock = `${dir}/lock.db`;
  if (!isClosed(dir) && !isClosed(lock)) return '';
  const { uid, gid } = statSync(dir);
  if (uid === process.getuid?.()) return `. It is this user's own: chmod -R u+rwX ${dir}.`;
  const [owner, us] = [`${uid}:${gid}`, `${process.getuid?.()}:${process.getgid?.()}`];
  // What a server may be using is not given away.
  if (existsSync(lock) || isClosed(dir, constants.X_OK))
    return `. It belongs to user ${owner}: run this as the user who runs the server (of a container: with --user ${owner}).`;
  return `. The user of this process (${us}) may not: chown -R ${us} ${dir} (of a container: the folder on the host, or run it with --user).`;
}

function isClosed(path: string, how = constants.R_OK | constants.W_OK): boolean {
  try {
    accessSync(path, how);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EACCES';
  }
}

const SQLITE_BUSY = 5;
const isBusy = (error: unknown): boolean =>
  error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
