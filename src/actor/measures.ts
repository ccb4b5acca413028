/** What every worker says of itself, gathered by the one that is asked: its numbers, its health. Who does not answer in time is left out. */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { WorkerHealth } from '../protocol/probe.ts';
import type { Link } from './link.ts';
import { Requests } from './requests.ts';

/** Askers for numbers that may wait at once. */
const AT_ONCE = 64;

type Gathered<T> = ReadonlyMap<WorkerId, T>;
export type Measured = Gathered<readonly Family[]>;

/** What this worker says of itself. */
export interface OwnMeasures {
  /** What it has counted. */
  readonly measure: () => readonly Family[];
  /** Whether an event comes out of its own outlet. Never rejects; however many ask, one check is under way. */
  readonly health: () => Promise<WorkerHealth>;
}

export interface MeasuresPorts {
  readonly self: WorkerId;
  readonly clock: Clock;
  readonly links: () => readonly Link[];
  readonly own: OwnMeasures;
}

export class Measures {
  readonly #ports: MeasuresPorts;
  // Each asker has one request to each worker; those are bounded by their askers.
  readonly #numbers: Requests<readonly Family[]>;
  readonly #healths: Requests<WorkerHealth>;
  #asking = 0;

  constructor(ports: MeasuresPorts) {
    this.#ports = ports;
    this.#numbers = new Requests(ports.clock, Number.POSITIVE_INFINITY);
    this.#healths = new Requests(ports.clock, Number.POSITIVE_INFINITY);
  }

  /** This worker's among them. `deadline`: milliseconds since 1970. Rejects with Fault `overloaded` when too many ask at once, and for nothing else. */
  async numbers(deadline: number): Promise<Measured> {
    const { self, own } = this.#ports;
    if (this.#asking >= AT_ONCE) throw new Fault('overloaded', false, 'too many ask for the numbers of all workers');
    this.#asking += 1;
    const others = await this.#gather(this.#numbers, 'numbers', deadline);
    this.#asking -= 1;
    return new Map([[self, own.measure()], ...others]);
  }

  /** Of the other workers. Never rejects. The caller makes one check at a time. */
  healths(deadline: number): Promise<Gathered<WorkerHealth>> {
    return this.#gather(this.#healths, 'health', deadline);
  }

  hear(message: Extract<LinkMessage, { readonly m: 'measure' | 'measured' }>, link: Link): void {
    const { id, what } = message;
    if (message.m === 'measured') {
      if (message.what === 'numbers') this.#numbers.resolve(id, message.families);
      else this.#healths.resolve(id, message.health);
      return;
    }
    const { measure, health } = this.#ports.own;
    if (what === 'numbers') link.postOwed({ m: 'measured', id, what, families: measure() });
    else void health().then((said) => link.postOwed({ m: 'measured', id, what, health: said }));
  }

  died(worker: WorkerId): void {
    const fault = new Fault('lost', true, `worker ${worker} died`);
    this.#numbers.rejectAll(worker, fault);
    this.#healths.rejectAll(worker, fault);
  }

  async #gather<T>(open: Requests<T>, what: 'numbers' | 'health', deadline: number): Promise<Gathered<T>> {
    const asked = this.#ports.links().map(async (link) => {
      const { id, promise } = open.open(link.peer, deadline);
      link.postOwed({ m: 'measure', id, what });
      return [link.peer, await promise] as const;
    });
    const answers = await Promise.allSettled(asked);
    return new Map(answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : [])));
  }
}
