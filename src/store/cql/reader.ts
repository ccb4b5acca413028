/** Answers reads, each as soon as it is there. It knows no thread. */
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { eachRequest, FORGET, type Outbox, type ReaderRequests } from '../thread/wire.ts';
import type { Db } from './db.ts';
import { allReads } from './statements.ts';
import { sentence, troubleOf } from './trouble.ts';

const PAUSE_MS = 50;

export class Reader {
  readonly #reads: Readonly<Record<string, (...args: unknown[]) => Promise<string>>>;

  /** `answered`: an answer was given. `deadlineMs`: a read that fails is repeated until then. */
  constructor(
    db: Db,
    readonly clock: Clock,
    readonly deadlineMs: number,
    readonly answered: () => void,
  ) {
    this.#reads = allReads(db) as Record<string, (...args: unknown[]) => Promise<string>>;
  }

  /**
   * What one port asks for. A read that is forgotten, as all are when the port closes, ends with the questions that are at the cluster: the protocol has
   * no way to take those back.
   */
  connect(from: Outbox): { take(requests: ReaderRequests): void; close(): void } {
    const underWay = new Map<number, AbortController>();
    const take = (requests: ReaderRequests): void => {
      for (const [id, method, args] of eachRequest(requests)) {
        const done = (): void => void underWay.delete(id);
        if (method === FORGET) underWay.get(id)?.abort();
        else underWay.set(id, this.#serve(id, method, args, from, done));
      }
    };
    const close = (): void => {
      for (const forgotten of underWay.values()) forgotten.abort();
    };
    return { take, close };
  }

  #serve(id: number, method: string, args: string, from: Outbox, done: () => void): AbortController {
    const forgotten = new AbortController();
    const answer = (outcome: string, text: string): void => {
      done();
      from.answer(id, outcome, text);
      this.answered();
    };
    this.#read(method, JSON.parse(args), forgotten.signal).then(
      (text) => answer('ok', text),
      (error) => answer(forgotten.signal.aborted ? 'left' : 'broken', sentence(error)),
    );
    return forgotten;
  }

  /** The signal is the last argument of those reads that ask more than once. */
  async #read(method: string, args: readonly unknown[], forgotten: AbortSignal): Promise<string> {
    const read = this.#reads[method];
    assert(read !== undefined, `${method} is a read of this store`);
    const deadline = this.clock.monotonic() + this.deadlineMs;
    for (;;) {
      try {
        return await read(...args, forgotten);
      } catch (error) {
        const isLast = forgotten.aborted || this.clock.monotonic() > deadline;
        if (isLast || troubleOf(error) === 'refused') throw error;
      }
      await new Promise<void>((resolve) => this.clock.after(PAUSE_MS, resolve));
      forgotten.throwIfAborted();
    }
  }
}
