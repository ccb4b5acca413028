/** Forms without what is not there. */

const NO_URLS: ReadonlyMap<string, string> = new Map();

/**
 * Without nulls, which old clients send for what is absent and no client expects back.
 * `urls`: file name -> address, which stands for `attachment://name`.
 */
export function compact(value: unknown, urls: ReadonlyMap<string, string> = NO_URLS): unknown {
  if (typeof value === 'string') {
    return value.startsWith('attachment://') ? (urls.get(value.slice('attachment://'.length)) ?? value) : value;
  }
  if (Array.isArray(value)) return value.map((each) => compact(each, urls));
  if (typeof value !== 'object' || value === null) return value;
  const present = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(present.map(([key, each]) => [key, compact(each, urls)]));
}

type Present<T, K extends keyof T> = { [P in K]?: Exclude<T[P], undefined> };

/** The named keys that the form has; null counts as there. */
export function pick<T extends object, const K extends keyof T>(form: T, keys: readonly K[]): Present<T, K> {
  const result: Present<T, K> = {};
  for (const key of keys) {
    const value = form[key];
    if (value !== undefined) result[key] = value as Exclude<T[K], undefined>;
  }
  return result;
}

type Filled<T, K extends keyof T> = { [P in K]?: NonNullable<T[P]> };

/** The named keys that the form has a value for; null counts as absent. */
export function pickFilled<T extends object, const K extends keyof T>(form: T, keys: readonly K[]): Filled<T, K> {
  const result: Filled<T, K> = {};
  for (const key of keys) {
    const value = form[key];
    if (value !== undefined && value !== null) result[key] = value;
  }
  return result;
}
