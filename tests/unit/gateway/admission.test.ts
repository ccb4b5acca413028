import { describe, expect, test } from 'bun:test';
import { Admission } from '../../../src/gateway/admission.ts';
import type { Connection } from '../../../src/gateway/connection.ts';

const LIMITS = { identifies: 2, identifyHoldMs: 1000, identifiesWaiting: 6, identifyWaitMs: 5000 };

class Crowd {
  now = 0;
  isOverloaded = false;
  /** Names, in the order in which they were let in. */
  readonly begun: string[] = [];
  readonly turnedAway: string[] = [];
  readonly #known = new Map<string, Connection>();
  readonly admission = new Admission({
    clock: { monotonic: () => this.now } as never,
    limits: LIMITS,
    isOverloaded: () => this.isOverloaded,
  });

  /** `name`: `<address><number>`. */
  enter(...names: readonly string[]): void {
    for (const name of names) {
      const connection = { info: { ip: name[0] } } as Connection;
      this.#known.set(name, connection);
      this.admission.enter(connection, {
        begin: () => void this.begun.push(name),
        turnAway: () => void this.turnedAway.push(name),
      });
    }
  }

  leave(...names: readonly string[]): void {
    for (const name of names) this.admission.leave(this.#known.get(name)!);
  }

  pass(ms: number): void {
    this.now += ms;
    this.admission.sweep(this.now);
  }
}

describe('admission', () => {
  test('lets in as many as may be under way; the others wait for one to leave', () => {
    const crowd = new Crowd();
    crowd.enter('a1', 'a2', 'a3', 'a4');
    expect(crowd.begun).toEqual(['a1', 'a2']);
    crowd.leave('a2', 'a2', 'a1');
    expect(crowd.begun).toEqual(['a1', 'a2', 'a3', 'a4']);
    crowd.leave('a3', 'a4');
    expect([crowd.admission.underWay, crowd.admission.waiting]).toEqual([0, 0]);
  });

  test('takes the addresses in turn, so that a crowd at one does not keep out the others', () => {
    const crowd = new Crowd();
    crowd.enter('x1', 'x2', 'a1', 'a2', 'a3', 'b1', 'c1');
    crowd.leave('x1', 'x2', 'a1', 'b1', 'c1');
    expect(crowd.begun.slice(2)).toEqual(['a1', 'b1', 'c1', 'a2', 'a3']);
  });

  test('turns away who finds too many waiting', () => {
    const crowd = new Crowd();
    crowd.enter('a1', 'a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'b1');
    expect(crowd.turnedAway).toEqual(['b1']);
    expect(crowd.admission.waiting).toBe(6);
  });

  test('turns away who would wait too long, and nobody before', () => {
    const crowd = new Crowd();
    crowd.isOverloaded = true;
    crowd.enter('a1', 'b1');
    crowd.pass(3000);
    crowd.enter('a2');
    crowd.pass(1999);
    expect(crowd.turnedAway).toEqual([]);
    crowd.pass(1);
    expect(crowd.turnedAway).toEqual(['a1', 'b1']);
    crowd.isOverloaded = false;
    crowd.pass(1);
    expect(crowd.begun).toEqual(['a2']);
  });

  test('who is under way for long keeps nobody out', () => {
    const crowd = new Crowd();
    crowd.enter('a1', 'a2', 'a3');
    crowd.pass(999);
    expect(crowd.begun).toEqual(['a1', 'a2']);
    crowd.pass(1);
    expect(crowd.begun).toEqual(['a1', 'a2', 'a3']);
  });

  test('who leaves while he waits is not let in', () => {
    const crowd = new Crowd();
    crowd.enter('a1', 'a2', 'a3', 'b1');
    crowd.leave('a3', 'b1', 'a1');
    expect([crowd.begun, crowd.admission.waiting]).toEqual([['a1', 'a2'], 0]);
  });

  test('lets nobody new in while there is too much to do', () => {
    const crowd = new Crowd();
    crowd.enter('a1');
    crowd.isOverloaded = true;
    crowd.enter('a2');
    crowd.leave('a1');
    crowd.pass(500);
    expect(crowd.begun).toEqual(['a1']);
    crowd.isOverloaded = false;
    crowd.pass(500);
    expect(crowd.begun).toEqual(['a1', 'a2']);
  });
});
