/**
 * Shared reads over links: the worker of the readers asks the worker of the owner, which reads once for all. Bounded by who asks; each ends by its body,
 * its deadline, its asker leaving, or the death of the other worker.
 */
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';
import type { WorkerId } from '../protocol/ids.ts';
import type { LinkMessage } from '../protocol/links.ts';
import type { SharedBody, SharedRead } from '../protocol/reads.ts';
import { asFault, lost } from './deadline.ts';
import type { Link } from './link.ts';
import { heardFault, saidFault } from './link-fault.ts';
import { Requests } from './requests.ts';

/** Reads for whoever asks, of any worker. Ends with the signal, too. */
export type ServeRead = (read: SharedRead, signal: AbortSignal) => Promise<SharedBody>;

export interface FetchOptions {
  /** Milliseconds since 1970. */
  readonly deadline: number;
  /** Aborted: nobody waits for it any more. */
  readonly signal: AbortSignal;
}

type FetchMessage = LinkMessage & { readonly m: 'fetch' | 'fetched' | 'unfetch' };

export class Fetches {
  readonly #asked: Requests<SharedBody>;
  /** What is read here for others, until it is answered. */
  readonly #served = new Map<WorkerId, Map<number, AbortController>>();

  /** `capacity`: reads that are asked of others at once, and that each other worker may ask of this one. */
  constructor(
    readonly clock: Clock,
    readonly capacity: number,
    readonly serve: ServeRead,
  ) {
    this.#asked = new Requests(clock, capacity);
  }

  /** `link` null: the owner lives here. Rejects with Fault, or with the signal's reason. A worker that dies meanwhile leaves the reading to this one. */
  async ask(link: Link | null, read: SharedRead, options: FetchOptions): Promise<SharedBody> {
    if (link === null) return this.serve(read, options.signal);
    try {
      return await this.#askThere(link, read, options);
    } catch (error) {
      const isDead = error instanceof Fault && error.code === 'lost' && !options.signal.aborted;
      if (isDead) return this.serve(read, options.signal);
      throw error;
    }
  }

  hear(message: FetchMessage, link: Link): void {
    if (message.m === 'fetch') this.#serveTo(link, message);
    else if (message.m === 'unfetch') this.#served.get(link.peer)?.get(message.id)?.abort(lost('its asker left'));
    else if ('body' in message) this.#asked.resolve(message.id, message.body);
    else this.#asked.reject(message.id, heardFault(message));
  }

  /** A worker died: it answers nothing, and waits for nothing. */
  died(worker: WorkerId): void {
    this.#asked.rejectAll(worker, lost(`worker ${worker} died`));
    const served = this.#served.get(worker);
    this.#served.delete(worker);
    for (const controller of served?.values() ?? []) controller.abort(lost(`worker ${worker} died`));
  }

  async #askThere(link: Link, read: SharedRead, { deadline, signal }: FetchOptions): Promise<SharedBody> {
    signal.throwIfAborted();
    const { id, promise } = this.#asked.open(link.peer, deadline);
    const leave = (): void => {
      this.#asked.reject(id, asFault(signal.reason, 'nobody waits for it'));
      link.post({ m: 'unfetch', id });
    };
    signal.addEventListener('abort', leave, { once: true });
    if (!link.post({ m: 'fetch', id, read, deadline })) {
      this.#asked.reject(id, new Fault('overloaded', false, `the link to ${link.peer} is full`));
    }
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #serveTo(link: Link, { id, read, deadline }: LinkMessage & { readonly m: 'fetch' }): void {
    const served = this.#served.get(link.peer) ?? new Map<number, AbortController>();
    this.#served.set(link.peer, served);
    const fail = (error: unknown): void => link.postOwed({ m: 'fetched', id, ...saidFault(error, 'the read failed') });
    // It lay on the link for longer than its asker waits.
    if (deadline <= this.clock.now()) return;
    if (served.size >= this.capacity) {
      fail(new Fault('overloaded', true, 'too many reads are made for one worker'));
      return;
    }
    const controller = new AbortController();
    served.set(id, controller);
    this.serve(read, controller.signal)
      .finally(() => served.delete(id))
      .then(
        (body) => link.postOwed({ m: 'fetched', id, body }),
        (error) => {
          if (!controller.signal.aborted) fail(error);
        },
      );
  }
}
