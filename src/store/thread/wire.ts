/** What a worker's client and the threads of the store post to each other: flat arrays, all entries of a turn in one message. */
import type { MessagePort } from 'node:worker_threads';

/** To the writer: `'commit', id, owner, epoch, length, ...ops` · `'fence', id, owner` · `'release', owner, epoch`. */
export type WriterRequests = readonly (string | number)[];

/** To a reader: `id, method, JSON of the arguments`, repeated; `id, FORGET, ''`: nobody waits for that one any more. */
export type ReaderRequests = readonly (string | number)[];

/** One after the other. */
export function* eachRequest(requests: ReaderRequests): Iterable<readonly [id: number, method: string, args: string]> {
  for (let at = 0; at + 2 < requests.length; at += 3) {
    yield [Number(requests[at]), String(requests[at + 1]), String(requests[at + 2])];
  }
}

/** In the place of a method. What was forgotten is answered as well, `left` if the store was not asked for it, or not to its end. */
export const FORGET = 'forget';

/**
 * From both: `id, outcome, text`, repeated. Outcome `ok`: the text is the answer. `state` (id 0): the text is the writer's
 * state, said again every `BEAT_MS`: without it the writer hangs.
 * `left`: it was forgotten. Else the outcome is the code of a Fault and the text its sentence.
 */
export type Answers = readonly (string | number)[];

/** Between two signs of life of the writer. */
export const BEAT_MS = 250;

/** From the main thread to a thread of the store. Its answers are `ready`, `closed` or `{ failed }`. */
export type Control =
  | { readonly do: 'connect'; readonly port: MessagePort }
  | { readonly do: 'limit'; readonly bytes: number }
  | { readonly do: 'close' };

export type ControlAnswer = 'ready' | 'closed';

/** Gathers the answers of one turn for one port. */
export class Outbox {
  #entries: (string | number)[] = [];

  constructor(readonly port: { postMessage(answers: Answers): void }) {}

  answer(id: number, outcome: string, text: string | number): void {
    this.#entries.push(id, outcome, text);
  }

  flush(): void {
    if (this.#entries.length === 0) return;
    this.port.postMessage(this.#entries);
    this.#entries = [];
  }
}
