import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Few } from '../../../src/base/few.ts';

test('does what a set does', () => {
  const step = fc.record({ does: fc.constantFrom('add', 'delete'), item: fc.nat(4) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const [few, set] = [new Few<number>(), new Set<number>()];
      for (const { does, item } of steps) {
        if (does === 'delete') expect(few.delete(item)).toBe(set.delete(item));
        else {
          few.add(item);
          set.add(item);
        }
        expect([few.size, [...few], few.has(item)]).toEqual([set.size, [...set], set.has(item)]);
      }
    }),
  );
});
