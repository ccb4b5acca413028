/** JSON of clients: numbers that would lose digits stay text. discord.py, JDA and Discord.Net send snowflakes as numbers (clients.md rule 4). */

type Reviver = (this: unknown, key: string, value: unknown, context: { source?: string }) => unknown;

const keepDigits: Reviver = (_key, value, context) =>
  typeof value === 'number' &&
  !Number.isSafeInteger(value) &&
  context.source !== undefined &&
  /^-?\d+$/.test(context.source)
    ? context.source
    : value;

/** Parses text of a client. Integers beyond 2^53 become decimal strings. Throws SyntaxError on bad input. */
export function parseJson(text: string): unknown {
  return JSON.parse(text, keepDigits as (this: unknown, key: string, value: unknown) => unknown);
}

/** Parses what this server itself has encoded. */
export function parseOwn<T>(text: string): T {
  return JSON.parse(text) as T;
}
