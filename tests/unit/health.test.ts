/** /health with faults planted on the way of its event: the answer is red, in time, and names the step. */
import { describe, expect, test } from 'bun:test';
import type { ActorStore } from '../../src/actor/ports.ts';
import { realRandom } from '../../src/base/random.ts';
import { HealthCheck } from '../../src/health.ts';
import { ProbeBehavior } from '../../src/host/probe-behavior.ts';
import { Fault } from '../../src/protocol/errors.ts';
import { TinyStore } from '../support/tiny-store.ts';
import { makeTinyWorker } from '../support/tiny-worker.ts';
import { FakeClock } from './actor/fake-clock.ts';

const EVENT_MS = 3000;
const KEEP_MS = 1000;

/** One worker over a store whose commits a test may fail, delay or leave hanging. */
class World {
  readonly clock = new FakeClock();
  readonly store = new ProbeStore({ committed: () => {} }, new Set());
  readonly worker = makeTinyWorker({
    self: '0.1',
    slots: 1,
    clock: this.clock,
    random: realRandom,
    store: this.store,
    authenticate: async () => null,
    publishTopic: () => {},
  });
  readonly check = new HealthCheck({
    clock: this.clock,
    random: realRandom,
    directory: this.worker.directory,
    slotOf: (key) => this.worker.directory.slotOf(key),
    slots: 1,
    openProbe: this.worker.gateway.openProbe,
    storeState: () => this.store.takes,
    eventMs: EVENT_MS,
    keepMs: KEEP_MS,
  });

  /** The answer to one question, which comes within the time that an event has. */
  async ask() {
    const asked = this.check.check();
    await this.clock.settle();
    await this.clock.advance(EVENT_MS);
    return asked;
  }
}

class ProbeStore extends TinyStore {
  takes: ActorStore['state'] = 'open';
  commit: ActorStore['commit'] = async () => {};

  override async open(key: Parameters<TinyStore['open']>[0]) {
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

describe('an event', () => {
  test('that passes leaves nothing behind', async () => {
    const world = new World();
    expect(await world.ask()).toMatchObject({ status: 'ok', store: 'open', workers: [{ slot: 0, status: 'ok' }] });
    expect(world.worker.gateway.measure()).toMatchObject({ sessions: 0, live: 0, variants: 0, published: 1 });
    expect(world.worker.directory.actors.isQuiet).toBe(true);
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

  test('is stored, and the relay is silent', async () => {
    const world = new World();
    const { gateway } = world.worker;
    const deliver = gateway.deliver.bind(gateway);
    gateway.deliver = (entry, from) => {
      if (entry.what !== 'relay' || entry.relay.entry.kind !== 'event') deliver(entry, from);
    };
    expect(await world.ask()).toMatchObject(failing('event', 'timeout'));
  });

  test('is heard, and the outlet stands still', async () => {
    const world = new World();
    world.worker.gateway.deliver = () => {};
    expect(await world.ask()).toMatchObject(failing('attach', 'timeout'));
  });
});

test('an answer is given again for a while, then it is asked for anew', async () => {
  const world = new World();
  const first = world.check.check();
  expect(world.check.check()).toBe(first);
  await world.clock.settle();
  expect((await first).status).toBe('ok');
  world.store.takes = 'full';
  expect(world.check.check()).toBe(first);
  await world.clock.advance(KEEP_MS);
  expect((await world.ask()).status).toBe('failing');
  world.store.takes = 'open';
  await world.clock.advance(KEEP_MS);
  expect((await world.ask()).status).toBe('ok');
});
