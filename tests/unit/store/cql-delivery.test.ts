/** How a batch gets to Cassandra: which way, and that every way is whole or nothing, wherever it is cut. */
import { describe, expect, test } from 'bun:test';
import type { Statement } from '../../../src/store/cql/cluster.ts';
import { deliver, finishPending, planOf, stamped } from '../../../src/store/cql/delivery.ts';
import { type Entry, STAMP } from '../../../src/store/cql/entries.ts';

const OWNER = 'g:1';

/** A table of what was written, with timestamps as Cassandra has them, and the rows of `pending`. */
class Cells {
  readonly cells = new Map<string, { readonly value: string; readonly at: number }>();
  readonly pending = new Map<number, string>();
  writes = 0;
  /** No logged batch is acknowledged in time. */
  isLate = false;

  /** `cut`: the write after which the process is dead. */
  persist = (cut = Number.POSITIVE_INFINITY) => {
    return async (statements: readonly Statement[], logged: boolean): Promise<boolean> => {
      if (logged && this.isLate) return false;
      if (this.writes >= cut) throw new Error('the process is dead');
      this.writes += 1;
      for (const { cql, params } of statements) this.#run(cql, params.map(String));
      return true;
    };
  };

  read = async () => [...this.pending].sort(([a], [b]) => a - b).map(([part, body]) => ({ part, body }));

  #run(cql: string, params: readonly string[]): void {
    // As UTF-8, as the cluster has it.
    const stored = (text: string): string => Buffer.from(text).toString();
    if (cql.startsWith('insert into {}.pending')) this.pending.set(Number(params[1]), stored(params[2] ?? ''));
    else if (cql.startsWith('delete from {}.pending')) this.pending.clear();
    else {
      const [key = '', value = '', at = ''] = params;
      if (Number(at) >= (this.cells.get(key)?.at ?? 0)) this.cells.set(key, { value, at: Number(at) });
    }
  }
}

const put = (partition: string, key: string, value: string): Entry => ({
  partition,
  cql: 'put',
  params: [key, value, STAMP],
});
const large = (count: number): Entry[] =>
  Array.from({ length: count }, (_, n) => put(`p${n % 7}`, `key ${n}`, `${n} ${'x'.repeat(2000)}`));

describe('planOf', () => {
  test('one partition is one mutation, a few are one logged batch, more are an intent', () => {
    expect(planOf([])).toEqual({ way: 'none' });
    expect(planOf([put('a', '1', 'x'), put('a', '2', 'y')])).toMatchObject({ way: 'once', logged: false });
    expect(planOf([put('a', '1', 'x'), put('b', '2', 'y')])).toMatchObject({ way: 'once', logged: true });
    expect(planOf(large(40)).way).toBe('intent');
    expect(planOf(large(40).map((entry) => ({ ...entry, partition: 'a' }))).way).toBe('once');
  });

  test('what is counted are bytes: a batch of Japanese that the cluster would refuse as too large is an intent', () => {
    const copies = ['message', 'note', 'result'].map((partition) => put(partition, '1', 'あ'.repeat(6000)));
    expect(planOf(copies).way).toBe('intent');
  });

  test('every entry has a timestamp of its own, in their order', () => {
    expect(stamped([put('a', '1', 'x'), put('a', '1', 'y')], 50).map(({ params }) => params.at(-1))).toEqual([
      '50',
      '51',
    ]);
  });
});

test('an intent that is cut anywhere is done by the next one as a whole, or not at all', async () => {
  const entries = stamped(large(700), 1000);
  const stamps = { first: 1000, last: 1700 };
  const whole = new Cells();
  await deliver(whole.persist(), OWNER, planOf(entries), stamps);
  expect(whole.cells.size).toBe(700);
  expect(whole.pending.size).toBe(0);
  const outcomes = new Set<number>();
  for (let cut = 0; cut < whole.writes; cut += 1) {
    const cells = new Cells();
    await expect(deliver(cells.persist(cut), OWNER, planOf(entries), stamps)).rejects.toThrow('dead');
    const hadBegun = cells.cells.size > 0;
    await finishPending(cells.persist(), cells.read, OWNER, 5000);
    expect(cells.pending.size).toBe(0);
    expect([0, 700]).toContain(cells.cells.size);
    if (hadBegun) expect(cells.cells.size).toBe(700);
    outcomes.add(cells.cells.size);
  }
  expect([...outcomes].sort()).toEqual([0, 700]);
});

test('an intent that is finished by another says what it said: no emoji is cut in two', async () => {
  const emojis = '🎉'.repeat(150_000);
  for (const shift of ['', 'x']) {
    const entries = stamped([put('a', '1', shift + emojis), put('b', '2', shift + emojis)], 1000);
    // The third piece is the last, and the head is stored after it; then the process dies.
    const cells = new Cells();
    await expect(deliver(cells.persist(4), OWNER, planOf(entries), { first: 1000, last: 1002 })).rejects.toThrow(
      'dead',
    );
    expect([...cells.pending.keys()].sort()).toEqual([0, 1, 2, 3]);
    expect(cells.cells.size).toBe(0);
    await finishPending(cells.persist(), cells.read, OWNER, 5000);
    const values = [...cells.cells.values()].map(({ value }) => value === shift + emojis);
    expect(values).toEqual([true, true]);
  }
});

test('what an earlier intent left behind it does not make a later one half', async () => {
  const entries = stamped(large(700), 1000);
  const cells = new Cells();
  // It was refused before its last part, and nobody has dropped it.
  cells.pending.set(40, 'of another');
  await expect(deliver(cells.persist(9), OWNER, planOf(entries), { first: 1000, last: 1700 })).rejects.toThrow('dead');
  expect(cells.pending.has(0)).toBe(true);
  await finishPending(cells.persist(), cells.read, OWNER, 5000);
  expect(cells.cells.size).toBe(700);
  expect(cells.pending.size).toBe(0);
});

test('what is finished late changes nothing that was written after it', async () => {
  const entries = stamped(large(700), 1000);
  const cells = new Cells();
  await expect(deliver(cells.persist(8), OWNER, planOf(entries), { first: 1000, last: 1700 })).rejects.toThrow('dead');
  await cells.persist()(stamped([put('p0', 'key 0', 'newer')], 9000), false);
  await finishPending(cells.persist(), cells.read, OWNER, 5000);
  expect(cells.cells.get('key 0')?.value).toBe('newer');
});

test('a logged batch that is late goes on as an intent, with the same timestamps', async () => {
  const cells = new Cells();
  cells.isLate = true;
  const plan = planOf(stamped([put('a', '1', 'x'), put('b', '2', 'y')], 1000));
  await deliver(cells.persist(), OWNER, plan, { first: 1000, last: 1002 });
  expect([...cells.cells].map(([key, { value, at }]) => [key, value, at])).toEqual([
    ['1', 'x', 1000],
    ['2', 'y', 1001],
  ]);
  expect(cells.pending.size).toBe(0);
});
