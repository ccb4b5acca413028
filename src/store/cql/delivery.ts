/**
 * A batch on its way: whole or not at all. One partition is one mutation, which Cassandra stores whole. A few are one logged batch. What is larger than
 * a logged batch may be is first stored as an intent, under its owner; then its parts, then the intent is deleted. Who takes the owner over finishes what
 * an intent says: its statements have their timestamps, so doing them again changes nothing.
 */
import type { OwnerKey } from '../../protocol/ids.ts';
import type { Statement } from './cluster.ts';
import { type Entry, STAMP } from './entries.ts';

/** Cassandra refuses a logged batch above 50 KiB of mutations (batch_size_fail_threshold), which are larger than what is bound. */
const LOGGED_BYTES = 20 * 1024;
const LOGGED_ENTRIES = 100;
/** One mutation: a fraction of what the commit log takes (16 MiB). */
const MUTATION_BYTES = 2 * 1024 * 1024;
const MUTATION_ENTRIES = 5000;
/** Of an intent, in one row. */
const INTENT_CHARS = 256 * 1024;
/** Parts that are stored at once. */
const PARTS_AT_ONCE = 8;
const ENTRY_BYTES = 40;

/** Stores these and resolves with true when they are acknowledged, however often that takes; a logged batch is tried once, false: it was late. */
export type Persist = (statements: readonly Statement[], logged: boolean) => Promise<boolean>;

export type Plan =
  | { readonly way: 'none' }
  | { readonly way: 'once'; readonly logged: boolean; readonly entries: readonly Entry[] }
  | { readonly way: 'intent'; readonly entries: readonly Entry[] };

/** Entry N gets the timestamp `first + N`. */
export const stamped = (entries: readonly Entry[], first: number): Entry[] =>
  entries.map((entry, at) => ({
    ...entry,
    params: entry.params.map((param) => (param === STAMP ? String(first + at) : param)),
  }));

export function planOf(entries: readonly Entry[]): Plan {
  if (entries.length === 0) return { way: 'none' };
  const isOne = new Set(entries.map(({ partition }) => partition)).size === 1;
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const [maxBytes, maxEntries] = isOne ? [MUTATION_BYTES, MUTATION_ENTRIES] : [LOGGED_BYTES, LOGGED_ENTRIES];
  if (bytes <= maxBytes && entries.length <= maxEntries) return { way: 'once', logged: !isOne, entries };
  return { way: 'intent', entries };
}

/** As they are stored: what is Japanese has three times as many as characters. */
const bytesOf = ({ params }: Entry): number =>
  params.reduce((sum, param) => sum + (param === null ? 0 : Buffer.byteLength(param)), ENTRY_BYTES);

/** `first`: the timestamp of the intent; that of its deletion is `last`, above all its entries. */
export async function deliver(
  persist: Persist,
  owner: OwnerKey,
  plan: Plan,
  stamps: { readonly first: number; readonly last: number },
): Promise<void> {
  if (plan.way === 'none') return;
  // The batch log wants two nodes: one that died and is not known to be down holds it up for many seconds, a majority of replicas it does not.
  if (plan.way === 'once' && (await persist(plan.entries, plan.logged))) return;
  const parts = piecesOf(JSON.stringify(plan.entries));
  const put = (part: number, body: string): readonly Statement[] => [
    {
      cql: 'insert into {}.pending (owner, part, body) values (?, ?, ?) using timestamp ?',
      params: [owner, part, body, String(stamps.first)],
    },
  ];
  for (const [n, body] of parts.entries()) await persist(put(n + 1, body), false);
  // The whole of it is there: from here on it will be done.
  await persist(put(0, String(parts.length)), false);
  await store(persist, plan.entries);
  await drop(persist, owner, stamps.last);
}

/** In pieces that fit into a row. No pair of surrogates is cut: half of one is no text, and would be stored as something else. */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  for (let from = 0, to = 0; from < text.length; from = to) {
    to = Math.min(from + INTENT_CHARS, text.length);
    // JSON has no half of a pair: one that ends on its first half goes on with its second.
    if (/[\ud800-\udbff]/.test(text.charAt(to - 1))) to -= 1;
    pieces.push(text.slice(from, to));
  }
  return pieces;
}

const drop = (persist: Persist, owner: OwnerKey, stamp: number): Promise<boolean> =>
  persist([{ cql: 'delete from {}.pending using timestamp ? where owner = ?', params: [String(stamp), owner] }], false);

async function store(persist: Persist, entries: readonly Entry[]): Promise<void> {
  const parts = partsOf(entries);
  for (let from = 0; from < parts.length; from += PARTS_AT_ONCE) {
    await Promise.all(parts.slice(from, from + PARTS_AT_ONCE).map((part) => persist(part, false)));
  }
}

/** Each of one partition, none too large. */
function partsOf(entries: readonly Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  const open = new Map<string, { entries: Entry[]; bytes: number }>();
  for (const entry of entries) {
    const bytes = bytesOf(entry);
    let part = open.get(entry.partition);
    if (part === undefined || part.bytes + bytes > MUTATION_BYTES / 4 || part.entries.length >= MUTATION_ENTRIES / 5) {
      part = { entries: [], bytes: 0 };
      open.set(entry.partition, part);
      parts.push(part.entries);
    }
    part.entries.push(entry);
    part.bytes += bytes;
  }
  return parts;
}

interface PendingRow {
  readonly part: number;
  readonly body: string;
}

/** Finishes what an earlier holder of the lease has begun for this owner. What was not stored whole is dropped, also what arrives late: `stamp` is above it. */
export async function finishPending(
  persist: Persist,
  read: (cql: string, params: readonly string[]) => Promise<readonly PendingRow[]>,
  owner: OwnerKey,
  stamp: number,
): Promise<void> {
  const rows = await read('select part, body from {}.pending where owner = ?', [owner]);
  const [head, ...stored] = rows;
  // Parts above are of an earlier one that was refused in the middle.
  const parts = stored.slice(0, Number(head?.body));
  if (head?.part === 0 && Number(head.body) === parts.length) {
    await store(persist, JSON.parse(parts.map(({ body }) => body).join('')) as Entry[]);
  }
  await drop(persist, owner, stamp);
}
