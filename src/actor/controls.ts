/** What every worker is told and must have done before its teller goes on. */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { Control, LinkMessage } from '../protocol/links.ts';
import { asFault, lost } from './deadline.ts';
import type { Link } from './link.ts';
import type { Log } from './ports.ts';
import { Requests } from './requests.ts';

/** Resolves when this worker has done it. */
export type Obey = (control: Control) => Promise<void>;

export class Controls {
  readonly #told: Requests<null>;

  constructor(
    readonly clock: Clock,
    readonly capacity: number,
    readonly obey: Obey,
    readonly log: Log,
  ) {
    this.#told = new Requests(clock, capacity);
  }

  /** To this worker and all others; resolves when all that live have answered. `deadline`: milliseconds since 1970. */
  async tell(links: readonly Link[], control: Control, deadline: number): Promise<void> {
    const told = links.map(async (link) => {
      const { id, promise } = this.#told.open(link.peer, deadline);
      link.postOwed({ m: 'control', id, control });
      await promise;
    });
    const answers = await Promise.allSettled([this.obey(control), ...told]);
    for (const answer of answers) {
      // A worker that died has forgotten everything.
      if (answer.status === 'rejected' && !isLost(answer.reason))
        throw asFault(answer.reason, 'a worker did not do it');
    }
  }

  hear(message: LinkMessage & { readonly m: 'control' | 'controlled' }, link: Link): void {
    if (message.m === 'controlled') {
      this.#told.resolve(message.id, null);
      return;
    }
    const { id, control } = message;
    this.obey(control).then(
      () => link.postOwed({ m: 'controlled', id }),
      (error) => this.log('a control was not done', { control: control.control, error }),
    );
  }

  died(worker: WorkerId): void {
    this.#told.rejectAll(worker, lost(`worker ${worker} died`));
  }
}

const isLost = (error: unknown): boolean => error instanceof Fault && error.code === 'lost';
