/** Two stores that differ in much are compared within bounds, and nothing is named that both have. */
import { expect, test } from 'bun:test';
import { compareTables } from '../../../src/store/comparing.ts';
import type { TransferRow, TransferTable } from '../../../src/store/transfer.ts';

const COUNT = 20_000;

const rowOf = (n: number): TransferRow => ({
  key: String(n),
  owner: null,
  write: { w: 'putLogin', login: `user ${n}`, userId: String(n) },
});

/** The logins of these numbers, in their order. */
function side(numbers: readonly number[]) {
  const places = new Map(numbers.map((n, at) => [String(n), at]));
  return {
    scan: async (table: TransferTable, after: string | null, limit: number): Promise<readonly TransferRow[]> => {
      const from = after === null ? 0 : (places.get(after) ?? numbers.length) + 1;
      return table === 'logins' ? numbers.slice(from, from + limit).map(rowOf) : [];
    },
  };
}

test('what is named as missing is missing, also where more differs than is kept in memory', async () => {
  const all = Array.from({ length: COUNT }, (_, n) => n);
  const isMissing = (n: number): boolean => n % 4 === 0;
  // Another order, as a cluster has it.
  const target = side(all.filter((n) => !isMissing(n)).reverse());
  const options = { source: side(all), target, chunk: 1000, most: 1, saw: () => {} };
  const logins = (await compareTables(options)).find(({ table }) => table === 'logins');
  expect(logins?.rows).toEqual([COUNT, COUNT - COUNT / 4]);
  expect(logins?.onlyTarget).toEqual([]);
  const named = logins?.onlySource.map((text) => Number(/"userId":"(\d+)"/.exec(text)?.[1]));
  expect(named?.length).toBe(1);
  expect(named?.every(isMissing)).toBe(true);
});
