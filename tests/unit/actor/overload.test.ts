import { describe, expect, test } from 'bun:test';
import { CALM, levelOf, nextStanding, strainOf } from '../../../src/actor/overload.ts';
import { Pressure } from '../../../src/actor/pressure.ts';
import { SHED_ORDER, shedAt, urgencyOf } from '../../../src/protocol/urgency.ts';

const CALM_MS = 1000;

test.each([
  [[], 0],
  [[[10, 100]], 0.1],
  [
    [
      [10, 100],
      [600, 200],
      [1, 2],
    ],
    3,
  ],
] as const)('of %j the worst counts: %d', (measures, strain) => {
  expect(strainOf(measures)).toBe(strain);
});

test.each([
  [0, 0],
  [0.99, 0],
  [1, 1],
  [1.99, 1],
  [2, 2],
  [3.99, 2],
  [4, 3],
  [15.99, 3],
  [16, 4],
  [1e9, 4],
])('a strain of %d is level %i', (strain, level) => {
  expect(levelOf(strain)).toBe(level);
});

test('typing goes first, then presence, then what is refused, messages last', () => {
  expect(SHED_ORDER.map((urgency) => [urgency, shedAt(urgency)])).toEqual([
    ['typing', 1],
    ['presence', 2],
    ['ordinary', 3],
    ['message', 4],
  ]);
  const kinds = ['typing', 'createMessage', 'editMessage', 'addReaction', 'createChannel'] as const;
  expect(kinds.map((kind) => urgencyOf({ kind } as never))).toEqual([
    'typing',
    'message',
    ...Array(3).fill('ordinary'),
  ]);
});

describe('a standing', () => {
  /** Levels after each `[strain, ms since the one before]`. */
  function levels(...steps: readonly (readonly [strain: number, ms: number])[]): number[] {
    let [standing, now] = [CALM, 0];
    return steps.map(([strain, ms]) => {
      now += ms;
      standing = nextStanding(standing, strain, now, CALM_MS);
      return standing.level;
    });
  }

  test('rises at once, over several levels', () => {
    expect(levels([0.5, 100], [4, 100], [20, 100])).toEqual([0, 3, 4]);
  });

  test('falls one level at a time, each after a calm', () => {
    expect(levels([16, 0], [0, 999], [0, 1], [0, 999], [0, 1], [0, 1000], [0, 1000], [0, 5000])).toEqual([
      4, 4, 3, 3, 2, 1, 0, 0,
    ]);
  });

  test('that nobody asked for long falls by all the calms that have passed', () => {
    expect(levels([16, 0], [0, 2500], [16, 0], [0, 3_600_000])).toEqual([4, 2, 4, 0]);
    expect(levels([16, 0], [1, 3_600_000])).toEqual([4, 1]);
  });

  test('stays as long as the strain is above half of what made it', () => {
    expect(levels([2, 0], [1.2, 2000], [1, 2000], [0.99, 999], [0.99, 1])).toEqual([2, 2, 2, 2, 1]);
  });

  test('a strain that comes back begins the calm anew', () => {
    expect(levels([4, 0], [0, 900], [2.5, 100], [0, 900], [0, 99], [0, 1])).toEqual([3, 3, 3, 3, 3, 2]);
  });
});

describe('a worker', () => {
  const LIMITS = { strainLagMs: 100, strainBatches: 10, calmMs: CALM_MS };

  function worker() {
    const world = { now: 0, batches: 0 };
    const pressure = new Pressure({ monotonic: () => world.now }, LIMITS, () => world.batches);
    const observe = (...lags: readonly number[]): number => {
      for (const lag of lags) {
        world.now += 100;
        pressure.observe(lag);
      }
      return pressure.level;
    };
    return { world, pressure, observe };
  }

  test('late once, or twice, is not overloaded', () => {
    const { observe } = worker();
    expect(observe(5000)).toBe(0);
    expect(observe(5000, 10, 5000, 5000, 20)).toBe(0);
  });

  test('late again and again it is, by the least of the last three', () => {
    const { observe } = worker();
    expect(observe(900, 250, 900)).toBe(2);
  });

  test.each([
    [9, 0],
    [10, 1],
    [20, 2],
    [40, 3],
    [160, 4],
  ])('with %i batches at the store its level is %i, if they stay', (batches, level) => {
    const { world, observe } = worker();
    world.batches = batches;
    expect(observe(0, 0)).toBe(0);
    expect(observe(0)).toBe(level);
  });

  test('sheds what its level says, and counts it', () => {
    const { world, pressure, observe } = worker();
    world.batches = 20;
    observe(0, 0, 0);
    expect(SHED_ORDER.map((urgency) => pressure.sheds(urgency))).toEqual([true, true, false, false]);
    pressure.sheds('typing');
    const shed = pressure.measure().find(({ name }) => name === 'guildhall_shed_total')?.values;
    expect(shed).toEqual([
      { labels: { kind: 'typing' }, value: 2 },
      { labels: { kind: 'presence' }, value: 1 },
      { labels: { kind: 'ordinary' }, value: 0 },
      { labels: { kind: 'message' }, value: 0 },
    ]);
  });
});
