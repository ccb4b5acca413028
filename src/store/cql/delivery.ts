/**
 * A batch on its way: whole or not at all. One partition is one mutation, which Cassandra stores whole. A few are one logged batch. What is larger than
 * a logged batch may be is first stored as an intent, under its owner; then its parts, then the intent is deleted. Who takes the owner over finishes what
 * an intent says: its statements have their timestamps, so doing them again changes nothing.
 */
import { groupsOf } from '../../base/groups-of.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { Statement } from './cluster.ts';
import { type Drafted, type Entry, STAMP } from './entries.ts';
import { sweepGuild } from './guild-sweep.ts';
import { type Hands, type Persist, Refused } from './hands.ts';

/** Cassandra refuses a logged batch above 50 KiB of mutations (batch_size_fail_threshold), which are larger than what is bound. */
const LOGGED_BYTES = 20 * 1024;
const LOGGED_ENTRIES = 100;
/** One mutation: a fraction of what the commit log takes (16 MiB). */
const MUTATION_BYTES = 2 * 1024 * 1024;
const MUTATION_ENTRIES = 5000;
/** Of an intent, in one row, unless one entry is larger. */
const INTENT_CHARS = 256 * 1024;
/** Parts that are stored at once. */
const PARTS_AT_ONCE = 8;
const ENTRY_BYTES = 40;

interface Refusal {
  readonly entries: readonly Entry[];
  readonly why: Refused;
}

export type Plan =
  | { readonly way: 'none' }
  | { readonly way: 'once'; readonly logged: boolean; readonly entries: readonly Entry[] }
  | { readonly way: 'intent'; readonly entries: readonly Entry[] };

/** Entry N gets the timestamp `first + N`. */
export const stamped = (entries: readonly Drafted[], first: number): Entry[] =>
  entries.map((entry, at) => ({
    ...entry,
    params: entry.params.map((param) => (param === STAMP ? String(first + at) : param)),
  }));

export function planOf(entries: readonly Entry[]): Plan {
  if (entries.length === 0) return { way: 'none' };
  if (entries.some(({ sweeps }) => sweeps !== undefined)) return { way: 'intent', entries };
  const isOne = new Set(entries.map(({ partition }) => partition)).size === 1;
  const bytes = entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
  const [maxBytes, maxEntries] = isOne ? [MUTATION_BYTES, MUTATION_ENTRIES] : [LOGGED_BYTES, LOGGED_ENTRIES];
  if (bytes <= maxBytes && entries.length <= maxEntries) return { way: 'once', logged: !isOne, entries };
  return { way: 'intent', entries };
}

/** As they are stored: what is Japanese has three times as many as characters. */
const bytesOf = ({ params }: Entry): number =>
  params.reduce((sum, param) => sum + (param === null ? 0 : Buffer.byteLength(param)), ENTRY_BYTES);

/**
 * `first`: the timestamp of the intent; that of its deletion is `last`, above all its entries. When it rejects after the intent was stored, that is
 * finished or dropped before the owner is loaded again.
 */
export async function deliver(
  hands: Hands,
  owner: OwnerKey,
  plan: Plan,
  stamps: { readonly first: number; readonly last: number },
): Promise<void> {
  const { persist } = hands;
  if (plan.way === 'none') return;
  // The batch log wants two nodes: one that died and is not known to be down holds it up for many seconds, a majority of replicas it does not.
  if (plan.way === 'once' && (await persist(plan.entries, plan.logged))) return;
  let count = 0;
  for (const body of bodiesOf(plan.entries)) {
    count += 1;
    await persist(putPart(owner, count, body, stamps.first), false);
  }
  // The whole of it is there: from here on it will be done.
  await persist(putPart(owner, 0, `${EACH}${count}`, stamps.first), false);
  const [refusal] = await store(hands, plan.entries);
  if (refusal !== undefined) throw refusal.why;
  await dropFrom(persist, owner, 0, stamps.last);
}

/** In front of the number of parts: each of them is a list of entries. Without it they are one list that was cut. */
const EACH = 'each ';

/** Lists of entries as rows of an intent. The whole of it never lies in memory as one text. */
function* bodiesOf(entries: readonly Entry[]): Generator<string> {
  let body = '';
  for (const entry of entries) {
    const text = JSON.stringify(entry);
    if (body !== '' && body.length + text.length > INTENT_CHARS) {
      yield `[${body}]`;
      body = '';
    }
    body += body === '' ? text : `,${text}`;
  }
  if (body !== '') yield `[${body}]`;
}

const putPart = (owner: OwnerKey, part: number, body: string, stamp: number): readonly Statement[] => [
  {
    cql: 'insert into {}.pending (owner, part, body) values (?, ?, ?) using timestamp ?',
    params: [owner, part, body, String(stamp)],
  },
];

const dropFrom = (persist: Persist, owner: OwnerKey, part: number, stamp: number): Promise<boolean> => {
  const cql = 'delete from {}.pending using timestamp ? where owner = ? and part >= ?';
  return persist([{ cql, params: [String(stamp), owner, part] }], false);
};

/** All that the cluster takes. -> what it refuses. */
async function store(hands: Hands, entries: readonly Entry[]): Promise<Refusal[]> {
  const parts = partsOf(entries.filter(({ sweeps }) => sweeps === undefined));
  const refusals = await storeParts(hands, parts);
  // They delete what the others have written, too.
  for (const sweep of entries.filter(({ sweeps }) => sweeps !== undefined)) {
    refusals.push(...(await storeParts(hands, [[sweep]])));
  }
  return refusals;
}

/** Nothing of them is under way any more when it settles. */
async function storeParts(hands: Hands, parts: readonly (readonly Entry[])[]): Promise<Refusal[]> {
  const refusals: Refusal[] = [];
  for (const some of groupsOf(parts, PARTS_AT_ONCE)) {
    const ends = await Promise.allSettled(some.map((part) => storePart(hands, part)));
    for (const [at, end] of ends.entries()) {
      if (end.status === 'fulfilled') continue;
      if (!(end.reason instanceof Refused)) throw end.reason;
      refusals.push({ entries: some[at] ?? [], why: end.reason });
    }
  }
  return refusals;
}

async function storePart(hands: Hands, part: readonly Entry[]): Promise<void> {
  const [first] = part;
  if (first?.sweeps === undefined) await hands.persist(part, false);
  else await sweepGuild(hands, first.params[0] ?? '', first.params[1] ?? '');
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

/**
 * Finishes what was begun for this owner, by this holder of the lease or an earlier one. What was not stored whole is dropped, also what arrives late:
 * `stamp` is above it. Entries that the cluster refuses alone are set aside, in rows below 0, said by `warn`, and tried again each time: the owner is
 * loaded without them. -> whether there was something to finish.
 */
export async function finishPending(
  hands: Hands,
  owner: OwnerKey,
  stamp: number,
  warn: (sentence: string) => void,
): Promise<boolean> {
  const { persist, read } = hands;
  const rows = await read<{ part: number }>('select part from {}.pending where owner = ?', [owner]);
  const parts = rows.map(({ part }) => part);
  const refusals: Refusal[] = [];
  let isBegun = false;
  for await (const body of bodiesToFinish(read, owner, parts)) {
    isBegun = true;
    const refused = await store(hands, parseOwn<Entry[]>(body));
    const single = refused.flatMap(({ entries }) => entries.map((entry) => [entry]));
    refusals.push(...(await storeParts(hands, single)));
  }
  for (const { entries, why } of refusals) {
    const what = entries.map(({ cql, sweeps }) => sweeps ?? cql).join(', ');
    warn(`${owner}: what the cluster refuses of a stored batch is set aside in pending: ${what} (${why.message})`);
  }
  const lowest = Math.min(0, ...parts);
  await setAside(persist, owner, lowest - 1, refusals, stamp);
  await dropFrom(persist, owner, lowest, stamp);
  return isBegun;
}

/** What was set aside, then the intent, if it is whole. */
async function* bodiesToFinish(
  read: Hands['read'],
  owner: OwnerKey,
  parts: readonly number[],
): AsyncGenerator<string, void> {
  const bodyOf = async (part: number): Promise<string> => {
    const select = 'select body from {}.pending where owner = ? and part = ?';
    return (await read<{ body: string }>(select, [owner, part]))[0]?.body ?? '[]';
  };
  for (const part of parts) if (part < 0) yield await bodyOf(part);
  if (!parts.includes(0)) return;
  const head = await bodyOf(0);
  const count = Number(head.replace(EACH, ''));
  // Parts above are of an earlier one that was refused in the middle.
  const whole = parts.filter((part) => part > 0 && part <= count);
  if (whole.length !== count) return;
  if (head.startsWith(EACH)) for (const part of whole) yield await bodyOf(part);
  else yield (await Promise.all(whole.map(bodyOf))).join('');
}

async function setAside(
  persist: Persist,
  owner: OwnerKey,
  highest: number,
  refusals: readonly Refusal[],
  stamp: number,
): Promise<void> {
  let part = highest;
  for (const body of bodiesOf(refusals.flatMap(({ entries }) => entries))) {
    await persist(putPart(owner, part, body, stamp), false);
    part -= 1;
  }
}
