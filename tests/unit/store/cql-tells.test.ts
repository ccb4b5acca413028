/** Deleted tells as ranges, and from where a journal is read: what a load passes stays bounded, whatever the rate. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type OwnerKey, userKey } from '../../../src/protocol/ids.ts';
import { JournalFloors } from '../../../src/store/cql/journal-floors.ts';
import { type Gap, type Place, WaitingTells } from '../../../src/store/cql/tells.ts';
import { JOURNAL_ROWS } from '../../../src/store/retention.ts';

const placeOf = (n: number): Place => ({ seq: Math.floor(n / 3), hearer: userKey(String((n % 3) + 1)) });
const numberOf = (place: Place): number => place.seq * 3 + Number(place.hearer.slice(2)) - 1;
const isIn = (gap: Gap, n: number): boolean =>
  (gap.above === null || n > numberOf(gap.above)) && (gap.below === null || n < numberOf(gap.below));

describe('tells that are confirmed', () => {
  test('go as gaps that take all of them and none that waits, one for each run', () => {
    const number = fc.nat({ max: 30 });
    fc.assert(
      fc.property(fc.uniqueArray(number), fc.array(fc.array(number)), (put, rounds) => {
        const tells = new WaitingTells(put.map(placeOf));
        const waiting = new Set(put);
        for (const round of rounds) {
          const gone = new Set(round.filter((n) => waiting.has(n)));
          for (const n of round) tells.remove(placeOf(n));
          for (const n of gone) waiting.delete(n);
          const gaps = tells.takeGaps();
          for (const n of gone) expect(gaps.filter((gap) => isIn(gap, n)).length).toBe(1);
          for (const n of waiting) expect(gaps.some((gap) => isIn(gap, n))).toBe(false);
          expect(gaps.length).toBeLessThanOrEqual(gone.size);
        }
      }),
    );
  });

  test('of which the first is stuck leave one gap, however many they are', () => {
    const tells = new WaitingTells([]);
    for (let seq = 1; seq <= 1000; seq += 1) tells.add({ seq, hearer: userKey('1') });
    for (let seq = 2; seq <= 1000; seq += 1) tells.remove({ seq, hearer: userKey('1') });
    expect(tells.takeGaps()).toEqual([{ above: { seq: 1, hearer: userKey('1') }, below: null }]);
    expect(tells.takeGaps()).toEqual([]);
  });
});

/** One row of floors, as it is stored. */
class Floors {
  stored: { floor: string; next: string } | null = null;
  rows: number[] = [];
  floors = this.#open();

  async put(seq: number): Promise<void> {
    this.rows.push(seq);
    const moved = await this.floors.count(OWNER, seq);
    if (moved !== null) this.stored = { floor: String(moved[0]), next: String(moved[1]) };
  }

  restart(): void {
    this.floors = this.#open();
  }

  get read(): number {
    return this.rows.filter((seq) => seq >= Number(this.stored?.floor ?? 0)).length;
  }

  #open(): JournalFloors {
    const first = async <Row>() => this.stored as Row | null;
    return new JournalFloors({ first, rows: async () => [], write: async () => {} });
  }
}

const OWNER: OwnerKey = 'g:1';

describe('the floor of a journal', () => {
  test('has enough rows above it and less than twice as many, at any time, also when numbers jump', async () => {
    const floors = new Floors();
    for (let n = 1; n <= 10 * JOURNAL_ROWS; n += 1) {
      await floors.put(n + (n > 3000 ? 2 ** 24 : 0));
      expect(floors.read).toBeGreaterThanOrEqual(Math.min(n, JOURNAL_ROWS));
      expect(floors.read).toBeLessThanOrEqual(2 * JOURNAL_ROWS);
    }
  });

  test('stays where it is when a process begins anew, and moves on', async () => {
    const floors = new Floors();
    for (let n = 1; n <= 2000; n += 1) await floors.put(n);
    floors.restart();
    for (let n = 2001; n <= 9000; n += 1) {
      await floors.put(n);
      expect(floors.read).toBeGreaterThanOrEqual(JOURNAL_ROWS);
      expect(floors.read).toBeLessThan(3 * JOURNAL_ROWS);
    }
  });

  test('does not count rows that are put again, or that come in the other order', async () => {
    const floors = new Floors();
    for (let n = 3000; n > 0; n -= 1) await floors.put(n);
    expect(floors.stored).toBeNull();
    for (let n = 1; n <= 3000; n += 1) await floors.put(n);
    expect(floors.stored).toBeNull();
  });
});
