/** What a session writes and where it goes on, against a naive list of what it held. */
import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { Log } from '../../../src/gateway/log.ts';
import { Session } from '../../../src/gateway/session.ts';
import { ALL_EVENTS } from '../../../src/protocol/envelope.ts';
import { GATEWAY_LIMITS } from '../../support/tiny-worker.ts';

const body = (d: string) => ({ t: 'EVENT', d, cls: 0, full: null });

function make(own: boolean): { log: Log; session: Session } {
  const log = new Log(GATEWAY_LIMITS);
  log.append('g:0', 'g:0', body('before'), 0);
  const traits = {
    id: '0.1.1.x',
    user: '1',
    token: 'h',
    own,
    mask: ALL_EVENTS,
    shard: null,
    version: 10,
    hop: 0,
  } as const;
  return { log, session: new Session(traits, GATEWAY_LIMITS, log.head + 1, 0) };
}

/** Writes at most `most`, as the cursor does. */
function write(session: Session, log: Log, most: number): { s: number; d: string }[] {
  const written: { s: number; d: string }[] = [];
  while (written.length < most) {
    const due = session.next(log);
    if (due === null || typeof due === 'string') break;
    const s = due.again ?? session.numbers.give(due.position, due.body.t !== 'RESUMED', log);
    written.push({ s, d: due.body.t === 'RESUMED' ? 'RESUMED' : due.body.d });
  }
  return written;
}

describe('a session', () => {
  test('writes what it held, and nothing before or after', () => {
    const { log, session } = make(true);
    session.holds.open('g:1', ALL_EVENTS, log.head + 1);
    for (const d of ['1', '2']) log.append('g:1', 'g:1', body(d), 0);
    session.holds.release('g:1', log.head + 1);
    log.append('g:1', 'g:1', body('3'), 0);
    session.holds.open('g:1', ALL_EVENTS, log.head + 1);
    log.append('g:1', 'g:1', body('4'), 0);
    expect(write(session, log, 10)).toEqual([
      { s: 1, d: '1' },
      { s: 2, d: '2' },
      { s: 3, d: '4' },
    ]);
  });

  test('waits at READY until it is made', () => {
    const { log, session } = make(false);
    log.append('u:1', session.topic, null, 0);
    session.holds.open('g:1', ALL_EVENTS, log.head + 1);
    log.append('g:1', 'g:1', body('later'), 0);
    expect(session.next(log)).toBe('wait');
    session.keepBody(session.readyAt, body('ready'));
    expect(write(session, log, 10)).toEqual([
      { s: 2, d: 'ready' },
      { s: 3, d: 'later' },
    ]);
  });

  test('knows which numbers it has sent', () => {
    for (const own of [true, false]) {
      const { log, session } = make(own);
      session.holds.open('g:1', ALL_EVENTS, log.head + 1);
      for (const d of ['1', '2', '3']) log.append('g:1', 'g:1', body(d), 0);
      const [first, second] = write(session, log, 2);
      expect(session.locate((second?.s ?? 0) + 1, log)).toBe('unknown number');
      expect(typeof session.locate(first?.s ?? 0, log)).toBe('object');
    }
  });

  test('knows them also when a resume of an older socket, late on its way, took it back', () => {
    const { log, session } = make(false);
    session.holds.open('g:1', ALL_EVENTS, log.head + 1);
    for (const d of ['1', '2', '3']) log.append('g:1', 'g:1', body(d), 0);
    const [first, , last] = write(session, log, 3);
    const resume = (s: number): unknown => {
      session.rest(log);
      const place = session.locate(s, log);
      if (typeof place === 'object') session.goOn(place, log.skip());
      return place;
    };
    expect(resume(first?.s ?? 0)).toMatchObject({ cursor: (first?.s ?? 0) + 1 });
    expect(resume(last?.s ?? 0)).toMatchObject({ cursor: (last?.s ?? 0) + 1 });
    expect(session.locate((last?.s ?? 0) + 1, log)).toBe('unknown number');
  });

  test('that falls behind goes on from what was not written, also when it resumes before it has caught up', () => {
    for (const own of [true, false]) {
      const { log, session } = make(own);
      session.holds.open('g:1', ALL_EVENTS, log.head + 1);
      log.append('g:1', 'g:1', body('1'), 0);
      const [first] = write(session, log, 1);
      session.live = true;
      const { position } = log.append('g:1', 'g:1', body('2'), 0);
      log.append('g:1', 'g:1', body('3'), 0);
      session.rest(log, position);
      // Its socket has gone before it has drained.
      session.rest(log);
      expect(session.locate(log.head, log)).toBe('unknown number');
      const place = session.locate(first?.s ?? 0, log);
      if (typeof place === 'object') session.goOn(place, log.skip());
      expect(write(session, log, 10).map(({ d }) => d)).toEqual(['2', '3', 'RESUMED']);
    }
  });

  test('cannot go on where the log has forgotten what it is owed, and can where it is owed nothing', () => {
    const { session } = make(false);
    const small = new Log({ ...GATEWAY_LIMITS, logEntries: 2 });
    session.holds.open('g:1', ALL_EVENTS, 1);
    small.append('g:1', 'g:1', body('mine'), 0);
    for (let i = 0; i < 5; i += 1) small.append('g:2', 'g:2', body('others'), 0);
    expect(session.missesEvicted(1, small)).toBe(true);
    expect(session.missesEvicted(2, small)).toBe(false);
  });

  test('after a cut and a resume, the client has exactly what was held, once and in order', () => {
    const act = fc.oneof(
      fc.record({ does: fc.constant('event' as const), topic: fc.nat(2) }),
      fc.record({ does: fc.constantFrom('hold' as const, 'release' as const), topic: fc.nat(2) }),
      fc.record({ does: fc.constant('write' as const), count: fc.nat(4) }),
      /** The last frames never arrived. */
      fc.record({ does: fc.constant('cut' as const), lost: fc.nat(3) }),
      fc.record({ does: fc.constant('confirm' as const) }),
    );
    fc.assert(
      fc.property(fc.boolean(), fc.array(act, { maxLength: 60 }), (own, acts) => {
        const { log, session } = make(own);
        const held = new Set<string>();
        const expected: string[] = [];
        // READY has arrived: before it a client has no session to resume.
        log.append('u:1', session.topic, body('ready'), 0);
        let has = write(session, log, 1);
        let confirmed = 1;
        for (const [i, one] of acts.entries()) {
          if (one.does === 'event') {
            log.append('g:1', `t${one.topic}`, body(String(i)), 0);
            if (held.has(`t${one.topic}`)) expected.push(String(i));
          } else if (one.does === 'hold' && !held.has(`t${one.topic}`)) {
            held.add(`t${one.topic}`);
            session.holds.open(`t${one.topic}`, ALL_EVENTS, log.head + 1);
          } else if (one.does === 'release' && held.delete(`t${one.topic}`)) {
            session.holds.release(`t${one.topic}`, log.head + 1);
          } else if (one.does === 'write') has.push(...write(session, log, one.count));
          else if (one.does === 'confirm') {
            confirmed = has.length;
            session.confirm(has.at(-1)?.s ?? 0, log);
          } else if (one.does === 'cut') {
            has = has.slice(0, Math.max(confirmed, has.length - one.lost));
            session.rest(log);
            const place = session.locate(has.at(-1)?.s ?? 0, log);
            if (typeof place === 'string') throw new Error(place);
            session.goOn(place, log.skip());
          }
        }
        has.push(...write(session, log, 1000));
        expect(has.filter(({ d }) => d !== 'RESUMED').map(({ d }) => d)).toEqual(['ready', ...expected]);
        const numbers = has.map(({ s }) => s);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(new Set(numbers).size).toBe(numbers.length);
      }),
      { numRuns: 1000 },
    );
  });
});
