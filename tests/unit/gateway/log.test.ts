import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Log, type LogLimits } from '../../../src/gateway/log.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';

const ROOMY: LogLimits = {
  logEntries: 1000,
  logBytes: 1 << 30,
  logAgeMs: 1000,
  logOwnerEntries: 1000,
  logOwnerBytes: 1 << 30,
  evictedTopics: 1000,
};
const OWNER: OwnerKey = 'g:1';
const body = (d: string) => ({ t: 'EVENT', d, cls: 0, full: null });
const positions = (log: Log): number[] => {
  const found: number[] = [];
  for (let entry = log.next(0); entry !== undefined; entry = log.next(entry.position + 1)) found.push(entry.position);
  return found;
};

describe('the log', () => {
  test('finds entries by position, over gaps', () => {
    const log = new Log(ROOMY);
    log.append(OWNER, 'g:1', body('a'), 0);
    log.skip();
    log.append(OWNER, 'g:1', body('b'), 0);
    log.raise(10);
    log.append(OWNER, 'g:1', body('c'), 0);
    expect(positions(log)).toEqual([1, 3, 11]);
    expect([log.at(2), log.at(3)?.body?.d, log.next(4)?.position, log.next(12)]).toEqual([
      undefined,
      'b',
      11,
      undefined,
    ]);
  });

  test('keeps the newest, and what each topic has lost', () => {
    const log = new Log({ ...ROOMY, logEntries: 2 });
    for (const topic of ['quiet', 'busy', 'busy', 'busy']) log.append(OWNER, topic, body(''), 0);
    expect(positions(log)).toEqual([3, 4]);
    expect([log.evicted('quiet'), log.evicted('busy'), log.evicted('other')]).toEqual([1, 2, 0]);
  });

  test('a busy owner evicts only its own', () => {
    const log = new Log({ ...ROOMY, logOwnerEntries: 2 });
    log.append('g:2', 'g:2', body(''), 0);
    for (let i = 0; i < 5; i += 1) log.append(OWNER, 'g:1', body(''), 0);
    expect(positions(log)).toEqual([1, 5, 6]);
    expect([log.evicted('g:2'), log.evicted('g:1')]).toEqual([0, 4]);
  });

  test('drops what is old', () => {
    const log = new Log(ROOMY);
    for (const at of [0, 500, 900]) log.append(OWNER, 'g:1', body(''), at);
    log.age(1501);
    expect(positions(log)).toEqual([3]);
  });

  test('remembers a bounded number of topics, and takes the worst for the others', () => {
    const log = new Log({ ...ROOMY, logEntries: 1, evictedTopics: 2 });
    for (const topic of ['a', 'b', 'c', 'd']) log.append(OWNER, topic, body(''), 0);
    expect(['a', 'b', 'c', 'd', 'never'].map((topic) => log.evicted(topic))).toEqual([1, 2, 3, 1, 1]);
  });

  test('holds no body that was evicted, also where its place stays', () => {
    const log = new Log({ ...ROOMY, logOwnerEntries: 1 });
    for (let i = 0; i < 500; i += 1) log.append('g:2', 'g:2', body(''), 0);
    for (const owner of Array.from({ length: 500 }, (_, i): OwnerKey => `g:${i + 10}`))
      log.append(owner, owner, body(''), 0);
    const bodies: WeakRef<object>[] = [];
    for (let i = 0; i < 400; i += 1) {
      const large = body(`${i}`);
      bodies.push(new WeakRef(large));
      log.append(OWNER, 'g:1', large, 0);
    }
    Bun.gc(true);
    // A few may still lie on the stack.
    expect(bodies.filter((one) => one.deref() !== undefined).length).toBeLessThan(20);
    expect(log.entries).toBe(502);
  });

  test('counts numbers anew without losing positions', () => {
    const log = new Log(ROOMY);
    log.append(OWNER, 'g:1', body(''), 0);
    log.restart();
    const { position } = log.append(OWNER, 'g:1', body(''), 0);
    expect([position, log.numberOf(position), log.positionOf(1)]).toEqual([2, 1, 2]);
  });

  test('is a list with bounds, whatever is appended', () => {
    const append = fc.record({ owner: fc.nat(2), topic: fc.nat(4), size: fc.nat(400), gap: fc.nat(2) });
    fc.assert(
      fc.property(fc.array(append, { maxLength: 80 }), fc.integer({ min: 1, max: 12 }), (appends, most) => {
        const limits = { ...ROOMY, logEntries: most, logOwnerEntries: Math.ceil(most / 2), logOwnerBytes: 2000 };
        const log = new Log(limits);
        let naive: { position: number; owner: number; topic: number; bytes: number }[] = [];
        const lost = new Map<number, number>();
        for (const { owner, topic, size, gap } of appends) {
          if (gap === 0) log.skip();
          const { position, bytes } = log.append(`g:${owner}`, `t${topic}`, body('x'.repeat(size)), 0);
          naive.push({ position, owner, topic, bytes });
          const evict = (gone: (typeof naive)[number] | undefined): void => {
            if (gone === undefined) return;
            naive = naive.filter((entry) => entry !== gone);
            lost.set(gone.topic, Math.max(lost.get(gone.topic) ?? 0, gone.position));
          };
          const his = () => naive.filter((entry) => entry.owner === owner);
          const sum = () => his().reduce((all, entry) => all + entry.bytes, 0);
          while (his().length > limits.logOwnerEntries || sum() > limits.logOwnerBytes) evict(his()[0]);
          while (naive.length > most) evict(naive[0]);
        }
        expect(positions(log)).toEqual(naive.map(({ position }) => position));
        for (let topic = 0; topic < 5; topic += 1) expect(log.evicted(`t${topic}`)).toBe(lost.get(topic) ?? 0);
        expect(log.bytes).toBe(naive.reduce((all, { bytes }) => all + bytes, 0));
      }),
      { numRuns: 300 },
    );
  });
});
