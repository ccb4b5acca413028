/** Answers reads, each as soon as it is there. It knows no thread. */
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import type { Outbox, ReaderRequests } from '../thread/wire.ts';
import type { Db } from './db.ts';
import { allReads } from './statements.ts';
import { sentence, troubleOf } from './trouble.ts';

const PAUSE_MS = 50;

export class Reader {
  readonly #reads: Readonly<Record<string, (...args: never[]) => Promise<string>>>;

  /** `answered`: an answer was given. `deadlineMs`: a read that fails is repeated until then. */
  constructor(
    db: Db,
    readonly clock: Clock,
    readonly deadlineMs: number,
    readonly answered: () => void,
  ) {
    this.#reads = allReads(db);
  }

  serve(requests: ReaderRequests, from: Outbox): void {
    for (let at = 0; at + 2 < requests.length; at += 3) {
      const [id, method, args] = [Number(requests[at]), String(requests[at + 1]), String(requests[at + 2])];
      const answer = (outcome: string, text: string): void => {
        from.answer(id, outcome, text);
        this.answered();
      };
      this.#read(method, JSON.parse(args)).then(
        (text) => answer('ok', text),
        (error) => answer('broken', sentence(error)),
      );
    }
  }

  async #read(method: string, args: never[]): Promise<string> {
    const read = this.#reads[method];
    assert(read !== undefined, `${method} is a read of this store`);
    const deadline = this.clock.monotonic() + this.deadlineMs;
    for (;;) {
      try {
        return await read(...args);
      } catch (error) {
        if (troubleOf(error) === 'refused' || this.clock.monotonic() > deadline) throw error;
      }
      await new Promise<void>((resolve) => this.clock.after(PAUSE_MS, resolve));
    }
  }
}
