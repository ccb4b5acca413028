/**
 * Ids of clients as text. discord.py sends most of them as JSON numbers (wire-rules.md rule 4: role lists, mentions, references, overwrites);
 * what is too big for a number is text already (protocol/json.ts), this does the rest, so that schemas know ids as strings only.
 */

const LISTS = new Set(['roles', 'users', 'recipients', 'messages']);

const isIdKey = (key: string): boolean => key === 'id' || key.endsWith('_id');
const isIdList = (key: string): boolean => LISTS.has(key) || key.endsWith('_ids');
const asText = (value: unknown): unknown => (Number.isSafeInteger(value) ? String(value) : value);

/** `inside`: the key under which `value` stands. Elements of `components` have an `id` that is a real number. */
export function idsAsText(value: unknown, inside = ''): unknown {
  if (Array.isArray(value)) {
    return isIdList(inside)
      ? value.map((each) => idsAsText(asText(each)))
      : value.map((each) => idsAsText(each, inside));
  }
  if (typeof value !== 'object' || value === null) return value;
  const component = inside === 'components' || inside === 'component' || inside === 'accessory';
  const result: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    if (key === '__proto__') continue;
    result[key] = isIdKey(key) && !(component && key === 'id') ? asText(each) : idsAsText(each, key);
  }
  return result;
}
