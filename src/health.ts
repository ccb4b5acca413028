/**
 * Is the server well? Each worker sends an event the whole way: asked of an owner that lives there, decided, stored, relayed, and written by
 * its own outlet. The worker that is asked hears from all others how theirs went, and of each of them it sends one that crosses the link and
 * comes out here. What does not come out in time has failed, and the answer says where.
 */
import { within } from './actor/deadline.ts';
import type { Directory } from './actor/directory.ts';
import type { Measures } from './actor/measures.ts';
import { slotOfWorker } from './actor/peers.ts';
import type { ActorStore } from './actor/ports.ts';
import type { Clock } from './base/clock.ts';
import type { Random } from './base/random.ts';
import type { OpenProbe, Probe } from './gateway/probe.ts';
import { Fault } from './protocol/errors.ts';
import type { OwnerKey } from './protocol/ids.ts';
import { probeOwners, type Step, type WorkerHealth } from './protocol/probe.ts';

export interface Health {
  readonly status: 'ok' | 'failing';
  /** As the worker that was asked sees it. */
  readonly store: StoreState;
  readonly workers: readonly WorkerHealth[];
}

type StoreState = ActorStore['state'];

export interface HealthOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly directory: Pick<Directory, 'ask' | 'workers'>;
  readonly measures: Pick<Measures, 'healths'>;
  readonly slotOf: (key: OwnerKey) => number;
  readonly slots: number;
  /** This worker's. */
  readonly slot: number;
  readonly openProbe: OpenProbe;
  readonly storeState: () => StoreState;
  /** After this an event counts as lost. */
  readonly eventMs: number;
  /** How much longer another worker has to say how its event went. */
  readonly answerMs: number;
  /** How long an answer is given again. */
  readonly keepMs: number;
}

/** Of the time of an event, what it may take until its owner is attached. Then it is asked in any case: its answer tells which of the two is silent. */
const ATTACH_PART = 2 / 3;

/** Where it stopped and why; null: nowhere. */
type End = { readonly failed: Step; readonly why: string } | null;

/** A worker's slot, and an owner that lives there, if any does. */
interface Place {
  readonly slot: number;
  readonly owner: OwnerKey;
}

export class HealthCheck {
  readonly #options: HealthOptions;
  readonly #here: Place;
  readonly #others: readonly Place[];
  readonly #all: Kept<Health>;
  readonly #own: Kept<WorkerHealth>;

  constructor(options: HealthOptions) {
    const { clock, slot: here, slots, slotOf } = options;
    const owners = probeOwners(slots, slotOf);
    this.#options = options;
    this.#here = { slot: here, owner: owners[here] ?? 'h:0' };
    this.#others = [...owners.entries()].flatMap(([slot, owner]) => (slot === here ? [] : { slot, owner }));
    this.#all = new Kept(clock);
    this.#own = new Kept(clock);
  }

  /** Of all workers. However many ask, one check is made in `keepMs`, unless a worker came or went. Never rejects. */
  check(): Promise<Health> {
    const workers = this.#options.directory.workers().toSorted().join(' ');
    return this.#all.get(workers, this.#options.keepMs, () => this.#checkAll());
  }

  /** Of this worker alone: an event of its own owner out of its own outlet. As often at most, however many others ask. Never rejects. */
  own(keepMs = this.#options.keepMs): Promise<WorkerHealth> {
    return this.#own.get('', keepMs, () => this.#send(this.#here, 'outlet'));
  }

  async #checkAll(): Promise<Health> {
    const { clock, measures, eventMs, answerMs, storeState } = this.#options;
    const saying = measures.healths(clock.now() + eventMs + answerMs);
    // By it the others' events are judged, which come out now.
    const own = this.own(0);
    const others = this.#others.map((place) => this.#checkOther(place, own, saying));
    const workers = (await Promise.all([own, ...others])).toSorted((a, b) => a.slot - b.slot);
    const store = storeState();
    const isWell = store === 'open' && workers.every(({ status }) => status === 'ok');
    return { status: isWell ? 'ok' : 'failing', store, workers };
  }

  /** `here`: of this worker; `saying`: what the others say of themselves. */
  async #checkOther(
    place: Place,
    here: Promise<WorkerHealth>,
    saying: ReturnType<Measures['healths']>,
  ): Promise<WorkerHealth> {
    const { clock, directory } = this.#options;
    const { slot } = place;
    const started = clock.monotonic();
    if (!directory.workers().some((worker) => slotOfWorker(worker) === slot)) return ended(slot, 0, DOWN);
    const [crossed, own, said] = await Promise.all([this.#send(place, 'link'), here, saying]);
    const itself = [...said.values()].find((one) => one.slot === slot);
    if (itself === undefined) return ended(slot, clock.monotonic() - started, SILENT);
    if (itself.status !== 'ok') return itself;
    // Where nothing comes out of this worker's outlet, it cannot be told whether it arrives there.
    return crossed.failed === 'link' && own.status !== 'ok' ? itself : crossed;
  }

  /** An event of this owner out of this worker's outlet. `last`: where it stops when it is stored and does not come out. */
  async #send({ slot, owner }: Place, last: Step): Promise<WorkerHealth> {
    const { clock, openProbe } = this.#options;
    const started = clock.monotonic();
    let probe: Probe | null = null;
    try {
      probe = openProbe(owner, last === 'outlet');
      const end = await this.#follow(probe, owner, last);
      return ended(slot, clock.monotonic() - started, end);
    } catch {
      return ended(slot, 0, { failed: last, why: 'no socket' });
    } finally {
      probe?.close();
    }
  }

  async #follow(probe: Probe, owner: OwnerKey, last: Step): Promise<End> {
    const { clock, random, directory, eventMs } = this.#options;
    const until = clock.monotonic() + eventMs;
    const left = (): number => Math.max(0, until - clock.monotonic());
    let failed: Step = 'attach';
    try {
      const attaching = within(clock, eventMs * ATTACH_PART, 'attaching', probe.heard(null));
      const isAttached = await attaching.then(
        () => true,
        () => false,
      );
      if (isAttached) failed = 'commit';
      const nonce = random.secret(12);
      const options = { commandId: nonce, deadline: clock.now() + left(), rate: null };
      const { reply } = await directory.ask(owner, { kind: 'probe', nonce }, options);
      if ('refused' in reply) return { failed: 'commit', why: reply.refused };
      failed = last;
      await within(clock, left(), 'an event', probe.heard(nonce));
      return null;
    } catch (error) {
      return { failed, why: error instanceof Fault ? error.code : 'bug' };
    }
  }
}

const DOWN = { failed: 'worker', why: 'down' } as const;
const SILENT = { failed: 'worker', why: 'silent' } as const;

function ended(slot: number, ms: number, end: End): WorkerHealth {
  const status = end === null ? 'ok' : 'failing';
  return { slot, status, ms: Math.round(ms), ...end };
}

/** One answer for all who ask while it is made. */
class Kept<T> {
  #last: { readonly key: string; readonly at: number; readonly answer: Promise<T> } | null = null;
  #isUnderWay = false;

  constructor(readonly clock: Clock) {}

  /** Anew when `key` is another one. `keepMs`: until so long after it was begun it is good enough. */
  get(key: string, keepMs: number, make: () => Promise<T>): Promise<T> {
    const last = this.#last;
    const now = this.clock.monotonic();
    const isKept = this.#isUnderWay || (last !== null && now - last.at < keepMs);
    if (last !== null && last.key === key && isKept) return last.answer;
    const answer = make();
    const made = { key, at: now, answer };
    this.#last = made;
    this.#isUnderWay = true;
    const over = (): void => {
      if (this.#last === made) this.#isUnderWay = false;
    };
    answer.then(over, over);
    return answer;
  }
}
