/**
 * Is the server well? For each worker slot an event goes the whole way: asked of an owner that lives there, decided, stored, relayed, and
 * written by this worker's outlet. What does not come out in time has failed, and the answer says where.
 */
import { within } from './actor/deadline.ts';
import type { Directory } from './actor/directory.ts';
import type { ActorStore } from './actor/ports.ts';
import type { Clock } from './base/clock.ts';
import type { Random } from './base/random.ts';
import type { OpenProbe, Probe } from './gateway/probe.ts';
import { Fault } from './protocol/errors.ts';
import type { OwnerKey } from './protocol/ids.ts';
import { probeKey } from './protocol/probe.ts';

/** Where an event stops. `worker`: it is down. `attach`: nothing comes from its owner. `commit`: it was not stored. `event`: stored, and not relayed or written. */
export type Step = 'worker' | 'attach' | 'commit' | 'event';

export interface WorkerHealth {
  readonly slot: number;
  readonly status: 'ok' | 'failing';
  /** From asking until the event came out, or until it was given up. */
  readonly ms: number;
  readonly failed?: Step;
  /** A refusal's name or a fault's code. */
  readonly why?: string;
}

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
  readonly slotOf: (key: OwnerKey) => number;
  readonly slots: number;
  readonly openProbe: OpenProbe;
  readonly storeState: () => StoreState;
  /** After this an event counts as lost. */
  readonly eventMs: number;
  /** How long an answer is given again. */
  readonly keepMs: number;
}

export class HealthCheck {
  readonly #options: HealthOptions;
  /** One owner in each slot. */
  readonly #owners: readonly OwnerKey[];
  #last: { readonly workers: string; readonly at: number; readonly health: Promise<Health> } | null = null;

  constructor(options: HealthOptions) {
    const { slots, slotOf } = options;
    this.#options = options;
    this.#owners = Array.from({ length: slots }, (_, slot) => ownerIn(slot, slotOf));
  }

  /** However many ask, one check is made in `keepMs`, unless a worker came or went. Never rejects. */
  check(): Promise<Health> {
    const { clock, directory, keepMs } = this.#options;
    const now = clock.monotonic();
    const workers = directory.workers().toSorted().join(' ');
    if (this.#last === null || this.#last.workers !== workers || now - this.#last.at >= keepMs) {
      this.#last = { workers, at: now, health: this.#all() };
    }
    return this.#last.health;
  }

  async #all(): Promise<Health> {
    const up = new Set(this.#options.directory.workers().map((worker) => Number(worker.split('.', 1)[0])));
    const probe = this.#options.openProbe(this.#owners);
    try {
      const asked = this.#owners.map((owner, slot) => this.#one(probe, owner, slot, up.has(slot)));
      const workers = await Promise.all(asked);
      const store = this.#options.storeState();
      const isWell = store === 'open' && workers.every(({ status }) => status === 'ok');
      return { status: isWell ? 'ok' : 'failing', store, workers };
    } finally {
      probe.close();
    }
  }

  async #one(probe: Probe, owner: OwnerKey, slot: number, isUp: boolean): Promise<WorkerHealth> {
    const { clock, random, directory, eventMs } = this.#options;
    const started = clock.monotonic();
    const end = (failed: Step | null, why: string): WorkerHealth => {
      const ms = Math.round(clock.monotonic() - started);
      return failed === null ? { slot, status: 'ok', ms } : { slot, status: 'failing', ms, failed, why };
    };
    if (!isUp) return end('worker', 'down');
    const left = (): number => Math.max(0, started + eventMs - clock.monotonic());
    let step: Step = 'attach';
    try {
      await within(clock, left(), 'attaching', probe.heard(owner, null));
      step = 'commit';
      const nonce = random.secret(12);
      const options = { commandId: nonce, deadline: clock.now() + left(), rate: null };
      const { reply } = await directory.ask(owner, { kind: 'probe', nonce }, options);
      if ('refused' in reply) return end(step, reply.refused);
      step = 'event';
      await within(clock, left(), 'an event', probe.heard(owner, nonce));
      return end(null, '');
    } catch (error) {
      return end(step, error instanceof Fault ? error.code : 'bug');
    }
  }
}

function ownerIn(slot: number, slotOf: HealthOptions['slotOf']): OwnerKey {
  for (let number = 0; ; number += 1) if (slotOf(probeKey(number)) === slot) return probeKey(number);
}
