/** /health with faults planted on the way of its event: the answer is red, in time, and names the step. */
import { describe, expect, test } from 'bun:test';
import type { ActorStore } from '../../src/actor/ports.ts';
import { realRandom } from '../../src/base/random.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { type Health, HealthCheck } from '../../src/health.ts';
import { ProbeBehavior } from '../../src/host/probe-behavior.ts';
import type { OutletEntry } from '../../src/protocol/envelope.ts';
import { Fault } from '../../src/protocol/errors.ts';
import type { WorkerId } from '../../src/protocol/ids.ts';
import { TinyStore } from '../support/tiny-store.ts';
import { makeTinyWorker, type TinyWorker } from '../support/tiny-worker.ts';
import { FakeClock } from './actor/fake-clock.ts';
import { type FakePipe, pipePair } from './actor/fake-link.ts';

const EVENT_MS = 3000;
const ANSWER_MS = 500;
const KEEP_MS = 1000;

interface Checked extends TinyWorker {
  readonly check: HealthCheck;
}

/** Workers over a store whose commits a test may fail, delay or leave hanging. The first one is asked. */
class World {
  readonly clock = new FakeClock();
  readonly store = new ProbeStore({ committed: () => {} }, new Set());
  readonly workers: readonly Checked[];
  /** From the second worker to the first. */
  readonly pipe: FakePipe | null = null;

  constructor(slots = 1) {
    this.workers = Array.from({ length: slots }, (_, slot) => this.#start(slot, slots));
    const [one, two] = this.workers;
    if (one === undefined || two === undefined) return;
    const [mine, its] = pipePair(this.clock);
    this.pipe = its;
    one.directory.peerUp(two.directory.self, mine);
    two.directory.peerUp(one.directory.self, its);
  }

  get gateway(): Gateway {
    return this.#at(0).gateway;
  }

  /** The answer of one worker, which comes within the time that an event and its answer have. */
  async ask(slot = 0): Promise<Health> {
    const asked = this.#at(slot).check.check();
    await this.clock.settle();
    await this.clock.advance(EVENT_MS + ANSWER_MS);
    return asked;
  }

  #at(slot: number): Checked {
    const worker = this.workers[slot];
    if (worker === undefined) throw new RangeError(`no worker ${slot}`);
    return worker;
  }

  #start(slot: number, slots: number): Checked {
    const { clock, store } = this;
    const worker = makeTinyWorker({
      self: `${slot}.1`,
      slots,
      clock,
      random: realRandom,
      store,
      authenticate: async () => null,
      publishTopic: () => {},
      health: () => check.own(),
    });
    const { directory, gateway } = worker;
    const check = new HealthCheck({
      clock,
      random: realRandom,
      directory,
      measures: directory.measures,
      slotOf: (key) => directory.slotOf(key),
      slots,
      slot,
      openProbe: gateway.openProbe,
      storeState: () => store.takes,
      eventMs: EVENT_MS,
      answerMs: ANSWER_MS,
      keepMs: KEEP_MS,
    });
    return { ...worker, check };
  }
}

class ProbeStore extends TinyStore {
  takes: ActorStore['state'] = 'open';
  opens = true;
  commit: ActorStore['commit'] = async () => {};

  override async open(key: Parameters<TinyStore['open']>[0]) {
    if (!this.opens) return new Promise<never>(() => {});
    return { ...(await super.open(key)), behavior: new ProbeBehavior(key) };
  }

  override asActorStore(): ActorStore {
    const inner = super.asActorStore();
    return Object.defineProperty(
      { ...inner, result: async () => null, release: () => {}, commit: (batch) => this.commit(batch) } as ActorStore,
      'state',
      { get: () => this.takes },
    );
  }
}

const failing = (failed: string, why: string) => ({
  status: 'failing',
  workers: [{ slot: 0, status: 'failing', failed, why }],
});

const stepsOf = ({ workers }: Health) => workers.map(({ failed = 'none' }) => failed);

/** Nothing that its owners say gets into the outlet. */
function stop(gateway: Gateway, isLost: (entry: OutletEntry, from: WorkerId) => boolean): void {
  const deliver = gateway.deliver.bind(gateway);
  gateway.deliver = (entry, from = '') => {
    if (!isLost(entry, from ?? '')) deliver(entry, from);
  };
}

const isEvent = (entry: OutletEntry): boolean => entry.what === 'relay' && entry.relay.entry.kind === 'event';

describe('an event', () => {
  test('that passes leaves nothing behind', async () => {
    const world = new World();
    expect(await world.ask()).toMatchObject({ status: 'ok', store: 'open', workers: [{ slot: 0, status: 'ok' }] });
    expect(world.gateway.measure()).toMatchObject({ sessions: 0, live: 0, variants: 0, owners: 0, published: 1 });
    expect(world.workers.map(({ directory: { actors } }) => [actors.isQuiet, actors.interested])).toEqual([[true, 0]]);
  });

  test('is refused while the store is full', async () => {
    const world = new World();
    world.store.takes = 'full';
    expect(await world.ask()).toMatchObject(failing('commit', 'storeFull'));
  });

  test('is not stored because the store hangs', async () => {
    const world = new World();
    world.store.commit = () => new Promise(() => {});
    expect(await world.ask()).toMatchObject(failing('commit', 'timeout'));
  });

  test('is not stored because every commit fails', async () => {
    const world = new World();
    world.store.commit = () => Promise.reject(new Fault('broken', true, 'a test'));
    const { workers } = await world.ask();
    expect(workers[0]).toMatchObject({ status: 'failing', failed: 'commit' });
  });

  test('finds no owner: it does not load', async () => {
    const world = new World();
    world.store.opens = false;
    expect(await world.ask()).toMatchObject(failing('attach', 'timeout'));
  });

  test('is stored, and does not get into the outlet', async () => {
    const world = new World();
    stop(world.gateway, isEvent);
    expect(await world.ask()).toMatchObject(failing('outlet', 'timeout'));
  });

  test('is stored, and the outlet stands still', async () => {
    const world = new World();
    stop(world.gateway, () => true);
    expect(await world.ask()).toMatchObject(failing('outlet', 'timeout'));
  });
});

describe('of two workers', () => {
  test('each sends one out of its own outlet, and the other one sends one here', async () => {
    const world = new World(2);
    let commits = 0;
    world.store.commit = async () => {
      commits += 1;
    };
    expect(await world.ask()).toMatchObject({ status: 'ok' });
    expect(commits).toBe(3);
    const nothing = { sessions: 0, live: 0, variants: 0 };
    expect(world.workers.map(({ gateway }) => gateway.measure())).toMatchObject([nothing, nothing]);
  });

  test.each([0, 1])(
    'the outlet of the second one stands still, and it is named whichever is asked: %i',
    async (asked) => {
      const world = new World(2);
      stop(world.workers[1]?.gateway as Gateway, () => true);
      const health = await world.ask(asked);
      expect([health.status, ...stepsOf(health)]).toEqual(['failing', 'none', 'outlet']);
    },
  );

  test('the second one writes itself, and what it says does not arrive at the first', async () => {
    const world = new World(2);
    stop(world.gateway, (entry, from) => from === '1.1' && isEvent(entry));
    expect(stepsOf(await world.ask())).toEqual(['none', 'link']);
  });

  test('the second one says nothing', async () => {
    const world = new World(2);
    if (world.pipe !== null) world.pipe.isSilent = true;
    expect(await world.ask()).toMatchObject({ workers: [{}, { failed: 'worker', why: 'silent' }] });
  });

  test('the second one is down', async () => {
    const world = new World(2);
    world.workers[0]?.directory.peerDown('1.1');
    expect(await world.ask()).toMatchObject({ workers: [{}, { failed: 'worker', why: 'down' }] });
  });

  test('the outlet of the asked one stands still after it has said that it is well', async () => {
    const world = new World(2);
    const own = world.workers[0]?.check.own();
    await world.clock.settle();
    expect((await own)?.status).toBe('ok');
    stop(world.gateway, () => true);
    expect(stepsOf(await world.ask())).toEqual(['outlet', 'none']);
  });

  test('a check under way is joined, however long it takes and whoever asks', async () => {
    const world = new World(2);
    stop(world.workers[1]?.gateway as Gateway, () => true);
    const [one, two] = world.workers;
    const first = one?.check.check();
    const own = two?.check.own();
    await world.clock.advance(EVENT_MS - 1);
    expect(one?.check.check()).toBe(first);
    expect(two?.check.own()).toBe(own);
    await world.clock.advance(ANSWER_MS);
    expect(two?.check.own()).not.toBe(own);
    await world.clock.advance(EVENT_MS);
  });
});

test('an answer is given again for a while, then it is asked for anew', async () => {
  const world = new World();
  const [{ check }] = world.workers as [Checked];
  const first = check.check();
  expect(check.check()).toBe(first);
  await world.clock.settle();
  expect((await first).status).toBe('ok');
  world.store.takes = 'full';
  expect(check.check()).toBe(first);
  await world.clock.advance(KEEP_MS);
  expect((await world.ask()).status).toBe('failing');
  world.store.takes = 'open';
  await world.clock.advance(KEEP_MS);
  expect((await world.ask()).status).toBe('ok');
});
