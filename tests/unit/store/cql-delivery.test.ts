/** How a batch gets to Cassandra: which way, and that every way is whole or nothing, wherever it is cut. */
import { describe, expect, test } from 'bun:test';
import type { Param, Statement } from '../../../src/store/cql/cluster.ts';
import { deliver, finishPending, planOf, stamped } from '../../../src/store/cql/delivery.ts';
import { type Drafted, STAMP } from '../../../src/store/cql/entries.ts';
import { type Hands, Refused } from '../../../src/store/cql/hands.ts';

const OWNER = 'g:1';

/** A table of what was written, with timestamps as Cassandra has them, and the rows of `pending`. */
class Cells {
  readonly cells = new Map<string, { readonly value: string; readonly at: number }>();
  readonly pending = new Map<number, string>();
  readonly warnings: string[] = [];
  writes = 0;
  /** No logged batch is acknowledged in time. */
  isLate = false;
  /** The cluster takes no statement that has this. */
  refused: string | null = null;

  /** `cut`: the write after which the process is dead. */
  hands(cut = Number.POSITIVE_INFINITY): Hands {
    return {
      persist: async (statements, logged) => {
        if (logged && this.isLate) return false;
        if (this.writes >= cut) throw new Error('the process is dead');
        if (this.#isRefused(statements)) throw new Refused('too large', this.writes > 0);
        this.writes += 1;
        for (const { cql, params } of statements) this.#run(cql, params.map(String));
        return true;
      },
      read: async <Row>(cql: string, params: readonly Param[]) => {
        const parts = [...this.pending].sort(([a], [b]) => a - b);
        const asked = cql.includes('part = ?') ? parts.filter(([part]) => part === params[1]) : parts;
        return asked.map(([part, body]) => ({ part, body }) as Row);
      },
    };
  }

  finish(cut?: number, stamp = 5000): Promise<boolean> {
    return finishPending(this.hands(cut), OWNER, stamp, (sentence) => this.warnings.push(sentence));
  }

  #isRefused(statements: readonly Statement[]): boolean {
    const [{ cql } = { cql: '' }] = statements;
    if (this.refused === null || cql.includes('.pending')) return false;
    return statements.some(({ params }) => params.includes(this.refused));
  }

  #run(cql: string, params: readonly string[]): void {
    // As UTF-8, as the cluster has it.
    const stored = (text: string): string => Buffer.from(text).toString();
    if (cql.startsWith('insert into {}.pending')) this.pending.set(Number(params[1]), stored(params[2] ?? ''));
    else if (cql.startsWith('delete from {}.pending')) {
      for (const part of this.pending.keys()) if (part >= Number(params[2])) this.pending.delete(part);
    } else {
      const [key = '', value = '', at = ''] = params;
      if (Number(at) >= (this.cells.get(key)?.at ?? 0)) this.cells.set(key, { value, at: Number(at) });
    }
  }
}

const put = (partition: string, key: string, value: string): Drafted => ({
  partition,
  cql: 'put',
  params: [key, value, STAMP],
});
const large = (count: number): Drafted[] =>
  Array.from({ length: count }, (_, n) => put(`p${n % 7}`, `key ${n}`, `${n} ${'x'.repeat(2000)}`));

const planned = (entries: readonly Drafted[]) => planOf(stamped(entries, 1));

describe('planOf', () => {
  test('one partition is one mutation, a few are one logged batch, more are an intent', () => {
    expect(planOf([])).toEqual({ way: 'none' });
    expect(planned([put('a', '1', 'x'), put('a', '2', 'y')])).toMatchObject({ way: 'once', logged: false });
    expect(planned([put('a', '1', 'x'), put('b', '2', 'y')])).toMatchObject({ way: 'once', logged: true });
    expect(planned(large(40)).way).toBe('intent');
    expect(planned(large(40).map((entry) => ({ ...entry, partition: 'a' }))).way).toBe('once');
  });

  test('what is counted are bytes: a batch of Japanese that the cluster would refuse as too large is an intent', () => {
    const copies = ['message', 'note', 'result'].map((partition) => put(partition, '1', 'あ'.repeat(6000)));
    expect(planned(copies).way).toBe('intent');
  });

  test('no text of a user is taken for the place of the timestamp', () => {
    const texts = ['\u0000stamp', 'timestamp', 'Symbol(timestamp)'];
    const [entry] = stamped([{ partition: 'a', cql: 'put', params: [...texts, STAMP] }], 50);
    expect(entry?.params).toEqual([...texts, '50']);
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
  await deliver(whole.hands(), OWNER, planOf(entries), stamps);
  expect(whole.cells.size).toBe(700);
  expect(whole.pending.size).toBe(0);
  const outcomes = new Set<number>();
  for (let cut = 0; cut < whole.writes; cut += 1) {
    const cells = new Cells();
    await expect(deliver(cells.hands(cut), OWNER, planOf(entries), stamps)).rejects.toThrow('dead');
    const hadBegun = cells.cells.size > 0;
    await cells.finish();
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
    // Two parts, and the head is stored after them; then the process dies.
    const cells = new Cells();
    await expect(deliver(cells.hands(3), OWNER, planOf(entries), { first: 1000, last: 1002 })).rejects.toThrow('dead');
    expect([...cells.pending.keys()].sort()).toEqual([0, 1, 2]);
    expect(cells.cells.size).toBe(0);
    await cells.finish();
    const values = [...cells.cells.values()].map(({ value }) => value === shift + emojis);
    expect(values).toEqual([true, true]);
  }
});

test('an intent whose parts are one list that was cut is finished, too', async () => {
  const cells = new Cells();
  const text = JSON.stringify(stamped(large(700), 1000));
  const middle = text.length / 2;
  for (const [part, body] of ['2', text.slice(0, middle), text.slice(middle)].entries()) cells.pending.set(part, body);
  await cells.finish();
  expect(cells.cells.size).toBe(700);
  expect(cells.pending.size).toBe(0);
});

test('what an earlier intent left behind it does not make a later one half', async () => {
  const entries = stamped(large(700), 1000);
  const cells = new Cells();
  // It was refused before its last part, and nobody has dropped it.
  cells.pending.set(40, 'of another');
  await expect(deliver(cells.hands(9), OWNER, planOf(entries), { first: 1000, last: 1700 })).rejects.toThrow('dead');
  expect(cells.pending.has(0)).toBe(true);
  await cells.finish();
  expect(cells.cells.size).toBe(700);
  expect(cells.pending.size).toBe(0);
});

test('what is finished late changes nothing that was written after it', async () => {
  const entries = stamped(large(700), 1000);
  const cells = new Cells();
  await expect(deliver(cells.hands(8), OWNER, planOf(entries), { first: 1000, last: 1700 })).rejects.toThrow('dead');
  await cells.hands().persist(stamped([put('p0', 'key 0', 'newer')], 9000), false);
  await cells.finish();
  expect(cells.cells.get('key 0')?.value).toBe('newer');
});

test('a logged batch that is late goes on as an intent, with the same timestamps', async () => {
  const cells = new Cells();
  cells.isLate = true;
  const plan = planOf(stamped([put('a', '1', 'x'), put('b', '2', 'y')], 1000));
  await deliver(cells.hands(), OWNER, plan, { first: 1000, last: 1002 });
  expect([...cells.cells].map(([key, { value, at }]) => [key, value, at])).toEqual([
    ['1', 'x', 1000],
    ['2', 'y', 1001],
  ]);
  expect(cells.pending.size).toBe(0);
});

describe('a stored batch of which the cluster refuses something', () => {
  const stamps = { first: 1000, last: 1060 };
  const entries = stamped(large(60), 1000);
  const refusedKey = 'key 30';

  async function refusedInTheMiddle(): Promise<Cells> {
    const cells = new Cells();
    cells.refused = refusedKey;
    const refusal = await deliver(cells.hands(), OWNER, planOf(entries), stamps).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ mayBeStored: true });
    expect(cells.pending.has(0)).toBe(true);
    return cells;
  }

  test('is stored without that, which is said and set aside: its owner loads', async () => {
    const cells = await refusedInTheMiddle();
    expect(await cells.finish()).toBe(true);
    expect(cells.cells.size).toBe(59);
    expect(cells.cells.has(refusedKey)).toBe(false);
    expect(cells.warnings).toEqual([
      'g:1: what the cluster refuses of a stored batch is set aside in pending: put (too large)',
    ]);
    expect([...cells.pending.keys()]).toEqual([-1]);
  });

  test('has it tried again at each load, and said, until the cluster takes it', async () => {
    const cells = await refusedInTheMiddle();
    await cells.finish();
    await cells.finish();
    expect(cells.warnings.length).toBe(2);
    expect([...cells.pending.keys()]).toEqual([-2]);
    // A later batch of the same owner is stored, and leaves it where it is.
    await deliver(cells.hands(), OWNER, planOf(stamped(large(29), 6000)), { first: 6000, last: 6029 });
    expect([...cells.pending.keys()]).toEqual([-2]);
    cells.refused = null;
    await cells.finish();
    expect(cells.cells.size).toBe(60);
    expect(cells.pending.size).toBe(0);
    expect(cells.warnings.length).toBe(2);
  });

  test('loses nothing of it when the process that sets it aside dies anywhere', async () => {
    const counted = await refusedInTheMiddle();
    const before = counted.writes;
    await counted.finish();
    for (let cut = before; cut < counted.writes; cut += 1) {
      const cells = await refusedInTheMiddle();
      await expect(cells.finish(cut)).rejects.toThrow('dead');
      cells.refused = null;
      await cells.finish();
      expect(cells.cells.size).toBe(60);
      expect(cells.pending.size).toBe(0);
    }
  });

  test('is refused as a whole when it is refused before it is stored whole', async () => {
    const cells = new Cells();
    cells.refused = '1';
    const plan = planOf(stamped([put('a', '1', 'x'), put('b', '2', 'y')], 1000));
    const refusal = await deliver(cells.hands(), OWNER, plan, stamps).catch((error: unknown) => error);
    expect(refusal).toMatchObject({ mayBeStored: false });
    expect(cells.cells.size + cells.pending.size).toBe(0);
  });
});
