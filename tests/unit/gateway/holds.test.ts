import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { Holds } from '../../../src/gateway/holds.ts';
import { Log } from '../../../src/gateway/log.ts';
import { GATEWAY_LIMITS } from '../../support/tiny-worker.ts';

const TOPICS = ['g:1', 'c:1', 'c:2'] as const;
const step = fc.record({
  does: fc.constantFrom('open', 'release', 'event', 'event', 'forget'),
  topic: fc.constantFrom(...TOPICS),
});

test('a session has what came while it held the topic, also when it held it more than once, and knows what of it the log has forgotten', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const log = new Log({ ...GATEWAY_LIMITS, logEntries: 5 });
      const holds = new Holds('7', 100);
      let held: { readonly topic: string; readonly from: number; to: number }[] = [];
      const open = (topic: string) => held.find((hold) => hold.topic === topic && hold.to === Number.POSITIVE_INFINITY);
      for (const { does, topic } of steps) {
        const from = log.head + 1;
        const now = open(topic);
        if (does === 'event') log.append('g:1', topic, null, 0);
        else if (does === 'forget') {
          holds.forgetBefore(log.head);
          held = held.filter(({ to }) => to > log.head);
        } else if (does === 'open' && now === undefined) {
          holds.open(topic, 0, from);
          held.push({ topic, from, to: Number.POSITIVE_INFINITY });
        } else if (does === 'release' && now !== undefined) {
          holds.release(topic, from);
          now.to = from;
          held = held.filter((hold) => hold.from < hold.to);
        }
        expect([...holds.currents()].map((hold) => hold.topic).sort()).toEqual(
          TOPICS.filter((one) => open(one) !== undefined).sort(),
        );
        for (let cursor = 1; cursor <= log.head; cursor += 1) {
          const entry = log.at(cursor);
          const has = held.some((hold) => hold.topic === entry?.topic && hold.from <= cursor && cursor < hold.to);
          if (entry !== undefined) expect(holds.has(entry)).toBe(has);
          const misses = held.some((hold) => {
            const owed = Math.max(cursor, hold.from);
            return owed < hold.to && log.evicted(hold.topic) >= owed;
          });
          expect(holds.missesEvicted(cursor, log)).toBe(misses);
        }
      }
    }),
  );
});
