/** Random deaths of workers and commits: what was acknowledged is stored exactly once, what was not at most once, and order has no holes. */
import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { OutletEntry } from '../../../src/protocol/envelope.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import { FakeTown } from './fake-link.ts';
import { event, script } from './fake-owner.ts';
import { attachAsk } from './fake-world.ts';

const SLOTS = 2;

const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('ask' as const), from: fc.nat(SLOTS - 1), at: fc.nat(SLOTS - 1) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('attach' as const), from: fc.nat(SLOTS - 1), at: fc.nat(SLOTS - 1) }),
  },
  { weight: 5, arbitrary: fc.constant({ do: 'step' as const }) },
  { weight: 3, arbitrary: fc.constant({ do: 'settle' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'failCommit' as const }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('kill' as const), slot: fc.nat(SLOTS - 1) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(300) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

class Run {
  readonly town = new FakeTown(SLOTS, { batchCommands: 3 });
  readonly asked: string[] = [];
  readonly acknowledged = new Set<string>();
  readonly #lives = new Array<number>(SLOTS).fill(1);
  #attaches = 0;

  constructor() {
    this.town.store.isManual = true;
    this.town.members = ['7'];
  }

  worker(slot: number) {
    return this.town.at(`${slot}.${this.#lives[slot]}`);
  }

  async act(one: Action): Promise<void> {
    const { town } = this;
    if (one.do === 'ask') this.#ask(one.from, one.at);
    else if (one.do === 'attach') {
      const { directory } = this.worker(one.from);
      this.#attaches += 1;
      const session = `s${this.#attaches}`;
      directory.interest(town.keyIn(one.at), { kind: 'attach', ask: attachAsk({ session, worker: directory.self }) });
    } else if (one.do === 'step') town.store.step();
    else if (one.do === 'settle') await town.clock.settle();
    else if (one.do === 'failCommit') town.store.waiting.shift()?.fail(new Fault('timeout', true, 'slow'));
    else if (one.do === 'advance') await town.clock.advance(one.ms);
    else this.#kill(one.slot);
  }

  /** Everything works again; time passes until nobody waits. */
  async heal(): Promise<void> {
    const { town } = this;
    for (let i = 0; i < 100 && town.store.waiting.length > 0; i += 1) {
      town.store.step();
      await town.clock.settle();
    }
    town.store.isManual = false;
    await town.clock.advance(20_000);
    // What a dead owner had stored and not told, its next load tells: here somebody asks for it.
    for (const key of town.store.kept.keys()) {
      const slot = this.worker(0).directory.slotOf(key);
      this.worker(slot).directory.tell(key, script({}));
    }
    await town.clock.advance(20_000);
  }

  #ask(from: number, at: number): void {
    const name = `c${this.asked.length}`;
    this.asked.push(name);
    const { town } = this;
    const key = town.keyIn(at);
    const tells = [
      {
        to: town.keyIn(1 - at, 1),
        command: script({ name: `heard ${name}`, rows: [event('x', `heard ${name}`)] }),
        durable: true,
      },
    ];
    this.worker(from)
      .directory.ask(key, script({ name, add: 1, rows: [event(key, name)], tells }), {
        commandId: name,
        deadline: town.clock.now() + 10_000,
        rate: null,
      })
      .then(
        ({ reply }) => 'ok' in reply && this.acknowledged.add(name),
        () => {},
      );
  }

  #kill(slot: number): void {
    this.town.kill(`${slot}.${this.#lives[slot]}`);
    this.#lives[slot] = (this.#lives[slot] ?? 0) + 1;
    this.town.start(`${slot}.${this.#lives[slot]}`);
  }

  /** Names of stored rows. */
  stored(): string[] {
    return [...this.town.store.kept.values()].flatMap(({ rows }) =>
      rows.map(({ note }) => (JSON.parse(note) as { t: string }).t),
    );
  }
}

test('acknowledged once, told once, in order', async () => {
  let acknowledged = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), async (actions) => {
      const run = new Run();
      for (const one of actions) await run.act(one);
      await run.heal();
      acknowledged += run.acknowledged.size;
      const stored = run.stored();
      const count = (name: string): number => stored.filter((one) => one === name).length;
      for (const name of run.asked) {
        expect(count(name)).toBeLessThanOrEqual(1);
        if (run.acknowledged.has(name)) expect(count(name)).toBe(1);
        // The fake hearer forgets what it heard: it may hear twice (the confirmation died), but never nothing.
        if (count(name) === 1) expect(count(`heard ${name}`)).toBeGreaterThan(0);
      }
      for (const { tells } of run.town.store.kept.values()) expect(tells).toEqual([]);
      for (const { outlet } of run.town.workers.values()) expectOrder(outlet);
    }),
    { numRuns: 300 },
  );
  expect(acknowledged).toBeGreaterThan(500);
}, 30_000);

/** Of each load, every entry from the first on, behind its announcement. A worker that came up after that hears of it by the first entry. */
function expectOrder(outlet: readonly OutletEntry[]): void {
  const epochs = new Map<string, { epoch: number; n: number; seq: number }>();
  for (const entry of outlet) {
    if (entry.what === 'placed') {
      const before = epochs.get(entry.owner)?.epoch ?? 0;
      if (entry.epoch > before) epochs.set(entry.owner, { epoch: entry.epoch, n: 0, seq: 0 });
    } else if (entry.what === 'relay') {
      const { owner, epoch, n, seq } = entry.relay;
      const known = epochs.get(owner) ?? { epoch, n: 0, seq: 0 };
      expect([known.epoch, known.n]).toEqual([epoch, n - 1]);
      expect(seq).toBeGreaterThanOrEqual(known.seq);
      epochs.set(owner, { epoch, n, seq });
    } else throw new Error(`an entry of ${entry.mark.owner} was refused`);
  }
}
