/** JSON of clients: numbers that would lose digits stay text. discord.py, JDA and Discord.Net send snowflakes as numbers (wire-rules.md rule 4). */

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

const keepDigits: Reviver = (key, value, context) => {
  if (!key.isWellFormed() || (typeof value === 'string' && !value.isWellFormed()))
    throw new SyntaxError('half a letter');
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  return context.source !== undefined && /^-?\d+$/.test(context.source) ? context.source : value;
};

/**
 * Parses text of a client. Integers beyond 2^53 become decimal strings. Throws SyntaxError on bad input, which half a surrogate pair is:
 * parsers that are strict (serde_json under serenity and twilight) would lose every event that carries it.
 */
export function parseJson(text: string): unknown {
  return JSON.parse(text, keepDigits as (this: unknown, key: string, value: unknown) => unknown);
}

/** Parses what this server itself has encoded. */
export function parseOwn<T>(text: string): T {
  return JSON.parse(text) as T;
}
