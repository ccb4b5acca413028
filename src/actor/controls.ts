/** What every worker is told and must have done before its teller goes on. */
import type { Clock } from '../base/clock.ts';
import { Deque } from '../base/deque.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { Control, LinkMessage } from '../protocol/links.ts';
import { asFault, lost } from './deadline.ts';
import type { Link } from './link.ts';
import type { Log } from './ports.ts';
import { Requests } from './requests.ts';

/** Resolves when this worker has done it. */
export type Obey = (control: Control) => Promise<void>;

/** A worker is known to all others well before this has passed since its start. */
const LATELY_MS = 10_000;
const LATELY = 1000;

export class Controls {
  readonly #told: Requests<null>;
  /** Told lately, ascending by time. */
  readonly #lately = new Deque<{ readonly at: number; readonly control: Control }>();

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
    this.#remember(control);
    const told = links.map((link) => this.#post(link, control, deadline));
    const answers = await Promise.allSettled([this.obey(control), ...told]);
    for (const answer of answers) {
      // A worker that died has forgotten everything.
      if (answer.status === 'rejected' && !isLost(answer.reason))
        throw asFault(answer.reason, 'a worker did not do it');
    }
  }

  /** A worker is up. It may have read something before it was known here, and so not have been told: it is told now. */
  up(link: Link): void {
    this.#forget();
    for (let n = 0; n < this.#lately.length; n += 1) {
      const told = this.#lately.at(n);
      if (told === undefined) return;
      this.#post(link, told.control, this.clock.now() + LATELY_MS).catch((error) => {
        if (!isLost(error)) this.log('a new worker did not do it', { control: told.control.control, error });
      });
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

  async #post(link: Link, control: Control, deadline: number): Promise<void> {
    const { id, promise } = this.#told.open(link.peer, deadline);
    link.postOwed({ m: 'control', id, control });
    await promise;
  }

  #remember(control: Control): void {
    this.#forget();
    if (this.#lately.length >= LATELY) this.#lately.shift();
    this.#lately.push({ at: this.clock.monotonic(), control });
  }

  #forget(): void {
    const since = this.clock.monotonic() - LATELY_MS;
    for (let first = this.#lately.at(0); first !== undefined && first.at < since; first = this.#lately.at(0)) {
      this.#lately.shift();
    }
  }

  died(worker: WorkerId): void {
    this.#told.rejectAll(worker, lost(`worker ${worker} died`));
  }
}

const isLost = (error: unknown): boolean => error instanceof Fault && error.code === 'lost';
