/** What one port asks of a reader that answers at once. Who leaves before his turn is not read for. */
import type { Clock } from '../../base/clock.ts';
import { eachRequest, FORGET, type Outbox, type ReaderRequests } from '../thread/wire.ts';
import type { Reader } from './reader.ts';

/** So long it reads until it hears what was posted meanwhile. */
const SLICE_MS = 4;

export class ReadQueue {
  /** In the order of asking; how many is bounded by who asks. */
  readonly #waiting = new Map<number, readonly [method: string, args: string]>();
  #isDue = false;

  constructor(
    readonly clock: Pick<Clock, 'monotonic' | 'defer'>,
    readonly from: Outbox,
    readonly reader: Pick<Reader, 'answer'>,
  ) {}

  take(requests: ReaderRequests): void {
    for (const [id, method, args] of eachRequest(requests)) {
      if (method !== FORGET) this.#waiting.set(id, [method, args]);
      else if (this.#waiting.delete(id)) this.from.answer(id, 'left', '');
    }
    this.#wake();
  }

  /** Nobody hears the answers any more. */
  close(): void {
    this.#waiting.clear();
  }

  /** The turn ends first: all that has arrived is heard before anything is read. */
  #wake(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.clock.defer(() => {
      this.#isDue = false;
      this.#serve();
    });
  }

  #serve(): void {
    const until = this.clock.monotonic() + SLICE_MS;
    for (const [id, [method, args]] of this.#waiting) {
      this.#waiting.delete(id);
      this.from.answer(id, ...this.reader.answer(method, args));
      if (this.clock.monotonic() >= until) break;
    }
    this.from.flush();
    if (this.#waiting.size > 0) this.#wake();
  }
}
