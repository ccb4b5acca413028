/** Workers with fake pipes between them: delivered by the clock's turns, cut or silenced when a test says so. */
import type { ServeRead } from '../../../src/actor/fetches.ts';
import type { Pipe } from '../../../src/actor/pipe.ts';
import { WorkerDirectory } from '../../../src/actor/worker-directory.ts';
import { counter } from '../../../src/base/metrics.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { OutletEntry } from '../../../src/protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../../../src/protocol/ids.ts';
import type { Control, LinkMessage } from '../../../src/protocol/links.ts';
import type { SharedBody } from '../../../src/protocol/reads.ts';
import type { ResidenceMessage } from '../../../src/protocol/residence.ts';
import { FakeClock } from './fake-clock.ts';
import { type FakeBehavior, FakeStore } from './fake-owner.ts';
import type { Limited } from './fake-world.ts';

/** A read that found nothing. */
export const NOT_THERE: SharedBody = { json: null, reacted: [], named: [] };

export class FakePipe implements Pipe {
  other: FakePipe | null = null;
  /** The peer hangs: nothing is taken. */
  isSilent = false;
  readonly posted: (readonly LinkMessage[])[] = [];
  #hear = (_batch: readonly LinkMessage[]): void => {};
  #taken = (): void => {};
  #closed = (): void => {};

  constructor(readonly clock: FakeClock) {}

  onBatch = (hear: (batch: readonly LinkMessage[]) => void): void => {
    this.#hear = hear;
  };

  onTaken = (taken: () => void): void => {
    this.#taken = taken;
  };

  onClose = (closed: () => void): void => {
    this.#closed = closed;
  };

  post(batch: readonly LinkMessage[]): void {
    this.posted.push(batch);
    if (!this.isSilent) this.clock.defer(() => this.#deliver(structuredClone(batch)));
  }

  close(): void {
    const { other } = this;
    this.other = null;
    if (other !== null) this.clock.defer(() => other.#closed());
  }

  #deliver(batch: readonly LinkMessage[]): void {
    if (this.other === null) return;
    this.other.#hear(batch);
    this.#taken();
  }
}

export function pipePair(clock: FakeClock): [FakePipe, FakePipe] {
  const [a, b] = [new FakePipe(clock), new FakePipe(clock)];
  [a.other, b.other] = [b, a];
  return [a, b];
}

export interface FakeWorker {
  readonly directory: WorkerDirectory;
  readonly outlet: OutletEntry[];
  readonly residences: ResidenceMessage[];
  readonly controls: Control[];
  readonly behaviors: Map<OwnerKey, FakeBehavior>;
  obeys: boolean;
  /** What it reads for all. */
  serveRead: ServeRead;
}

export class FakeTown {
  readonly clock = new FakeClock();
  readonly store = new FakeStore();
  readonly limits: Limited = { ...LIMITS };
  readonly pipes = new Map<string, FakePipe>();
  readonly workers = new Map<WorkerId, FakeWorker>();
  members: string[] = [];

  constructor(
    readonly slots: number,
    limits: Partial<Limited> = {},
  ) {
    Object.assign(this.limits, limits);
    for (let slot = 0; slot < slots; slot += 1) this.start(`${slot}.1`);
  }

  at(id: WorkerId): FakeWorker {
    const worker = this.workers.get(id);
    if (worker === undefined) throw new Error(`no worker ${id}`);
    return worker;
  }

  pipe(from: WorkerId, to: WorkerId): FakePipe {
    const pipe = this.pipes.get(`${from}>${to}`);
    if (pipe === undefined) throw new Error(`no pipe ${from}>${to}`);
    return pipe;
  }

  start(id: WorkerId): FakeWorker {
    const { clock, limits, slots, store } = this;
    const worker: FakeWorker = {
      outlet: [],
      residences: [],
      controls: [],
      behaviors: new Map(),
      obeys: true,
      serveRead: async () => NOT_THERE,
      directory: new WorkerDirectory({
        self: id,
        slots,
        clock,
        limits,
        store,
        log: () => {},
        mint: () => '1',
        open: async (key) => {
          const opened = store.open(key, this.members);
          worker.behaviors.set(key, opened.behavior);
          return opened;
        },
        load: async () => null,
        isVolatile: ({ kind }) => kind === 'typing',
        outlet: (entry) => void worker.outlet.push(entry),
        residence: (message) => void worker.residences.push(message),
        serveRead: (read, signal) => worker.serveRead(read, signal),
        measure: () => [counter('counted_total', 'by this worker', 1)],
        health: async () => ({ slot: 0, status: 'ok', ms: 0 }),
        control: (control) => {
          worker.controls.push(control);
          return worker.obeys ? Promise.resolve() : new Promise(() => {});
        },
      }),
    };
    for (const [peer, { directory }] of this.workers) {
      const [mine, its] = pipePair(clock);
      this.pipes.set(`${id}>${peer}`, mine).set(`${peer}>${id}`, its);
      worker.directory.peerUp(peer, mine);
      directory.peerUp(id, its);
    }
    this.workers.set(id, worker);
    return worker;
  }

  /** The thread is gone: what it held too, and its peers are told. */
  kill(id: WorkerId): void {
    const { directory } = this.at(id);
    this.workers.delete(id);
    for (const [name, pipe] of this.pipes) if (name.startsWith(`${id}>`)) pipe.other = null;
    for (const other of this.workers.values()) other.directory.peerDown(id);
    directory.actors.close();
  }

  /** A key whose owner is in this slot. */
  keyIn(slot: number, nth = 0): OwnerKey {
    const { directory } = [...this.workers.values()][0] as FakeWorker;
    const keys = Array.from({ length: 500 }, (_, i): OwnerKey => `g:${i}`);
    const found = keys.filter((key) => directory.slotOf(key) === slot)[nth];
    if (found === undefined) throw new Error('no such key');
    return found;
  }
}
