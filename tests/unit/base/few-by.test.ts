import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { FewBy } from '../../../src/base/few-by.ts';

test('does what a map does, with a few and with many', () => {
  const step = fc.record({
    does: fc.constantFrom('set', 'set', 'set', 'delete', 'clear'),
    key: fc.nat(14),
    value: fc.nat(9),
  });
  const steps = fc.array(step, { maxLength: 60, size: 'max' });
  fc.assert(
    fc.property(steps, fc.nat(20), fc.nat(14), (list, clears, first) => {
      const few = new FewBy<number, { key: number; value: number }>(({ key }) => key);
      const map = new Map<number, { key: number; value: number }>();
      for (let key = 0; key < first; key += 1) {
        few.set({ key, value: 0 });
        map.set(key, { key, value: 0 });
      }
      for (const [index, { does, ...item }] of list.entries()) {
        if (does === 'set') {
          few.set(item);
          map.set(item.key, item);
        } else if (does === 'delete') {
          few.delete(item.key);
          map.delete(item.key);
        } else if (index % 20 === clears) {
          few.clear();
          map.clear();
        }
        expect([few.size, [...few], few.get(item.key), few.has(item.key)]).toEqual([
          map.size,
          [...map.values()],
          map.get(item.key),
          map.has(item.key),
        ]);
      }
    }),
  );
});

test('who walks it comes to all that stay, though others leave meanwhile', () => {
  for (const size of [3, 30]) {
    const few = new FewBy<number, number>((item) => item);
    for (let n = 0; n < size; n += 1) few.set(n);
    const walked: number[] = [];
    for (const item of few) {
      walked.push(item);
      few.delete(item);
    }
    expect([walked.length, few.size]).toEqual([size, 0]);
  }
});
