/** Ids and keys. All snowflakes are decimal strings, on every wire and in every record: numbers lose digits (wire-rules.md rule 4). */

export type Snowflake = string;

/** Names a session: `<home slot>.<home incarnation>.<number>.<secret>`. The first two name the worker that made it. */
export type SessionId = string;

/**
 * Names an actor that owns state:
 * `g:<guild id>` a guild · `u:<user id>` a user (and a bot's application) · `d:<low user id>:<high user id>` the DM of a pair ·
 * `d:<channel id>` a group DM · `n:<lower-case user name>` the uniqueness of an account name · `h:<number>` what /health asks.
 */
export type OwnerKey = `${'g' | 'u' | 'd' | 'n' | 'h'}:${string}`;

/** One life of one worker thread: `<slot>.<incarnation>`. Slots are 0..N-1 and stable; a restarted worker has the slot and a new incarnation. */
export type WorkerId = string;

export const guildKey = (id: Snowflake): OwnerKey => `g:${id}`;
export const userKey = (id: Snowflake): OwnerKey => `u:${id}`;
export const nameKey = (name: string): OwnerKey => `n:${name.toLowerCase()}`;
export const groupKey = (channelId: Snowflake): OwnerKey => `d:${channelId}`;

/** The DM of two users; the order of the arguments does not matter. */
export function pairKey(a: Snowflake, b: Snowflake): OwnerKey {
  return compareSnowflakes(a, b) < 0 ? `d:${a}:${b}` : `d:${b}:${a}`;
}

/** The part after the letter. */
export const ownerId = (key: OwnerKey): string => key.slice(2);

/** What the stores hold in 64 bits with a sign; Discord's are no greater either. */
const HIGHEST: Snowflake = '9223372036854775807';

/** Whether what a client says is an id, written the way we write it. Else two texts would lead to one row: some stores count modulo 2^64. */
export const isSnowflake = (text: string): boolean =>
  /^(0|[1-9]\d{0,18})$/.test(text) && compareSnowflakes(text, HIGHEST) <= 0;

/** Numeric order of decimal strings without BigInt. */
export function compareSnowflakes(a: Snowflake, b: Snowflake): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}
