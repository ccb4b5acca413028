/** The numbers of every worker, gathered by the one that is asked. Who does not answer in time is left out. */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { Link } from './link.ts';
import { Requests } from './requests.ts';

/** Askers that may wait at once. */
const AT_ONCE = 64;

export type Measured = ReadonlyMap<WorkerId, readonly Family[]>;

export class Measures {
  readonly #open: Requests<readonly Family[]>;
  #asking = 0;

  constructor(
    readonly clock: Clock,
    /** This worker's own numbers. */
    readonly own: () => readonly Family[],
  ) {
    // Each asker has one request to each worker; those are bounded by their askers.
    this.#open = new Requests(clock, Number.POSITIVE_INFINITY);
  }

  /** `deadline`: milliseconds since 1970. Rejects with Fault `overloaded` when too many ask at once, and for nothing else. */
  async gather(self: WorkerId, links: readonly Link[], deadline: number): Promise<Measured> {
    if (this.#asking >= AT_ONCE) throw new Fault('overloaded', false, 'too many ask for the numbers of all workers');
    this.#asking += 1;
    const asked = links.map(async (link) => {
      const { id, promise } = this.#open.open(link.peer, deadline);
      link.postOwed({ m: 'measure', id });
      return [link.peer, await promise] as const;
    });
    const answers = await Promise.allSettled(asked);
    this.#asking -= 1;
    const measured = new Map<WorkerId, readonly Family[]>([[self, this.own()]]);
    for (const answer of answers) if (answer.status === 'fulfilled') measured.set(...answer.value);
    return measured;
  }

  hear(message: Extract<LinkMessage, { readonly m: 'measure' | 'measured' }>, link: Link): void {
    if (message.m === 'measure') link.postOwed({ m: 'measured', id: message.id, families: this.own() });
    else this.#open.resolve(message.id, message.families);
  }

  died(worker: WorkerId): void {
    this.#open.rejectAll(worker, new Fault('lost', true, `worker ${worker} died`));
  }
}
