import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { deadRanges } from '../../../src/store/cql/dead-ranges.ts';

test('ranges take all that is deleted, nothing that stays, and no two of them lie in one gap', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });
  fc.assert(
    fc.property(ids, fc.func(fc.boolean()), (all, isDeleted) => {
      const sorted = all.sort((a, b) => a - b);
      const deleted = sorted.filter((id) => isDeleted(id));
      const staying = sorted.filter((id) => !isDeleted(id));
      const ranges = deadRanges(deleted.map(String), staying.map(String));
      const within = (id: number) =>
        ranges.filter(({ above, below }) => id > Number(above ?? -1) && id < Number(below ?? 1000)).length;
      for (const id of deleted) expect(within(id)).toBe(1);
      for (const id of staying) expect(within(id)).toBe(0);
      expect(ranges.length).toBeLessThanOrEqual(staying.length + 1);
    }),
  );
});
