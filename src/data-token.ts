/** The token of the data service: a line of a file that its owner alone may read. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { realRandom as random } from './base/random.ts';
import type { Config } from './config.ts';

const LEAST = 16;

/** The file that is named, else the one in the data directory. */
export const dataTokenFileOf = ({ dataTokenFile, dataDir }: Config): string =>
  dataTokenFile ?? join(dataDir, 'data-token');

/** Throws with a sentence. */
export function readDataToken(config: Config): string {
  const file = dataTokenFileOf(config);
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`The token of the data service cannot be read: ${why}. Name its file with --data-token-file.`, {
      cause,
    });
  }
  if (token.length >= LEAST && /^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(`${file} holds no token: it must be one line of at least ${LEAST} letters, digits and signs.`);
}

/** Others on this machine can read what opens all that is stored. Not refused: what a container mounts is often open to all in it. Null: nobody can. */
export function openDataToken(config: Config): { readonly found: string; readonly mend: string } | null {
  const file = dataTokenFileOf(config);
  const mode = (statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o777;
  if ((mode & 0o077) === 0) return null;
  const found = `${file}, the token of the data service, is open to others on this machine (mode ${mode.toString(8)})`;
  return { found, mend: `chmod 600 ${file}; mount a secret of a container with mode 0400` };
}

/** Once in the life of a process. */
export function warnOfOpenToken(config: Config, warn: (what: string) => void): void {
  const open = openDataToken(config);
  if (open !== null) warn(`${open.found}: ${open.mend}`);
}

/** As `readDataToken`; where only this machine can reach the service and no file is named, one is made when there is none. */
export function ownDataToken(config: Config, isLoopback: boolean): string {
  const file = dataTokenFileOf(config);
  if (!isLoopback && !existsSync(file)) {
    throw new Error(
      `Who serves the store beyond this machine makes the token of the data service himself, and ${file} is not there. ` +
        `Make it: (umask 077; openssl rand -hex 32 > ${file}). Another file is named with --data-token-file.`,
    );
  }
  if (config.dataTokenFile === null && isLoopback && !existsSync(file)) {
    writeFileSync(file, `${random.secret(32)}\n`, { mode: 0o600, flag: 'wx' });
  }
  return readDataToken(config);
}
