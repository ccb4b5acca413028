import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Generations, touchedBy } from '../../../src/data/generations.ts';
import type { Write } from '../../../src/protocol/writes.ts';

const pin = (channelId: string): Write => ({ w: 'putPin', channelId, messageId: '1', at: 'now' });
const login: Write = { w: 'deleteLogin', login: 'anna' };

describe('a generation', () => {
  test('changes with what it is of, and with nothing else', () => {
    const generations = new Generations(10);
    const look = () => [generations.of('1'), generations.of('2'), generations.of(null)];
    const [one, two, rest] = look();
    generations.changed(touchedBy([pin('1')]));
    expect([look()[0] === one, look()[1] === two, look()[2] === rest]).toEqual([false, true, true]);
    const [changed] = look();
    generations.changed(touchedBy([login]));
    expect([look()[0] === changed, look()[1] === two, look()[2] === rest]).toEqual([true, true, false]);
  });

  test('is never one that was before a change, however many channels are forgotten', () => {
    const channels = fc.constantFrom('1', '2', '3', '4', '5', '6');
    fc.assert(
      fc.property(fc.array(channels, { maxLength: 40 }), fc.integer({ min: 1, max: 4 }), (changes, most) => {
        const generations = new Generations(most);
        const seen = new Map<string, Set<number>>();
        for (const channel of changes) {
          for (const each of ['1', '2', '3', '4', '5', '6']) {
            const before = seen.get(each) ?? new Set();
            seen.set(each, before.add(generations.of(each)));
          }
          generations.changed(touchedBy([pin(channel)]));
          expect(seen.get(channel)?.has(generations.of(channel))).toBe(false);
        }
      }),
    );
  });
});
