/** How long the store keeps what is not kept for ever. */

/** Nonces and results of commands: a repeated command within this time gets the same answer. */
export const REMEMBERED_MS = 10 * 60_000;

/** The journal of an owner: the newest rows, as long as they are young; the newest one always stays, so that the head is known. */
export const JOURNAL_ROWS = 512;
export const JOURNAL_MS = 10 * 60_000;
