/**
 * A worker whose reads of the store are seen, and held back when a test says so: it stands between the worker and the store's reader threads and hears what
 * crosses their ports. Orders and sightings go over the channel `held store`.
 */
import { BroadcastChannel, MessageChannel, type MessagePort, workerData } from 'node:worker_threads';
import { LIMITS } from '../../src/limits.ts';
import { type Answers, eachRequest, type ReaderRequests } from '../../src/store/thread/wire.ts';
import type { WorkerStart } from '../../src/threads.ts';

const CHANNEL = 'held store';
const HELD_MS = 240_000;

/** Keys of one gathered query: few, so that few people are a crowd. */
export const GATHERED_KEYS = 20;

type Order =
  /** Reads of these names wait, the others pass. */
  | { readonly hold: readonly string[] }
  /** The answers of reads of these names wait: what they have read is older than what is written meanwhile. */
  | { readonly keep: readonly string[] }
  /** So many of the held ones go on, oldest first; absent: all, and those that come. */
  | { readonly release: number | null }
  /** All that are held fail, and those that come. */
  | { readonly fail: readonly string[] };

export interface Seen {
  readonly slot: number;
  readonly method: string;
  /** JSON of the arguments. */
  readonly args: string;
  readonly was: 'asked' | 'answered' | 'released';
}

/** The test's side: what all workers have asked the store for, and whether it answers. */
export class HeldStore implements Disposable {
  readonly seen: Seen[] = [];
  readonly #channel = new BroadcastChannel(CHANNEL);

  constructor() {
    this.#channel.onmessage = (message) => {
      const { data } = message as MessageEvent<Seen | Order>;
      if ('method' in data) this.seen.push(data);
    };
  }

  hold(...methods: readonly string[]): void {
    this.seen.length = 0;
    this.#order({ hold: methods });
  }

  keep(...methods: readonly string[]): void {
    this.seen.length = 0;
    this.#order({ keep: methods });
  }

  release(most: number | null = null): void {
    this.#order({ release: most });
  }

  fail(...methods: readonly string[]): void {
    this.seen.length = 0;
    this.#order({ fail: methods });
  }

  /** Reads of this name that reached the store since the last order to hold, keep or fail, whose arguments have all of these words. */
  asked(method: string, ...words: readonly string[]): Seen[] {
    const isThat = ({ method: name, args }: Seen): boolean =>
      name === method && words.every((word) => args.includes(word));
    return this.seen.filter((one) => one.was === 'asked' && isThat(one));
  }

  /** Of these names, those whose answer is kept. */
  answered(method: string): number {
    return this.seen.filter((one) => one.was === 'answered' && one.method === method).length;
  }

  [Symbol.dispose](): void {
    this.#channel.close();
  }

  #order(order: Order): void {
    this.#channel.postMessage(order);
  }
}

interface Held {
  readonly method: string;
  readonly args: string;
  readonly go: () => void;
  readonly fail: () => void;
  /** Its answer waits. */
  readonly keep: () => void;
}

class Gate {
  readonly #channel = new BroadcastChannel(CHANNEL);
  #held: Held[] = [];
  #holds: readonly string[] = [];
  #keeps: readonly string[] = [];
  #fails: readonly string[] = [];

  constructor(readonly slot: number) {
    this.#channel.onmessage = (message) => this.#obey((message as MessageEvent<Order | Seen>).data);
  }

  /** The port that the worker gets in place of `port`. */
  between(port: MessagePort): MessagePort {
    const { port1: mine, port2: its } = new MessageChannel();
    const kept = new Map<number, Held>();
    port.on('message', (answers: Answers) => {
      for (let at = 0; at + 2 < answers.length; at += 3) {
        const request = kept.get(Number(answers[at]));
        const go = (): void => mine.postMessage(answers.slice(at, at + 3));
        if (request === undefined) go();
        else {
          kept.delete(Number(answers[at]));
          this.#held.push({ ...request, go });
          this.#say(request, 'answered');
        }
      }
    });
    mine.on('message', (requests: ReaderRequests) => {
      for (const [id, method, args] of eachRequest(requests)) {
        const request: Held = {
          method,
          args,
          go: () => port.postMessage([id, method, args]),
          fail: () => mine.postMessage([id, 'broken', 'the test broke it']),
          keep: () => void kept.set(id, request),
        };
        this.#take(request);
      }
    });
    return its;
  }

  #take(request: Held): void {
    this.#say(request, 'asked');
    if (this.#fails.includes(request.method)) request.fail();
    else if (this.#holds.includes(request.method)) this.#held.push(request);
    else {
      if (this.#keeps.includes(request.method)) request.keep();
      request.go();
    }
  }

  #obey(order: Order | Seen): void {
    if ('hold' in order) this.#set(order.hold, [], []);
    else if ('keep' in order) this.#set([], order.keep, []);
    else if ('fail' in order) {
      this.#set([], [], order.fail);
      for (const { fail } of this.#held.splice(0)) fail();
    } else if ('release' in order) {
      if (order.release === null) this.#set([], [], []);
      for (const held of this.#held.splice(0, order.release ?? this.#held.length)) {
        this.#say(held, 'released');
        held.go();
      }
    }
  }

  #set(...names: readonly [holds: readonly string[], keeps: readonly string[], fails: readonly string[]]): void {
    [this.#holds, this.#keeps, this.#fails] = names;
  }

  #say({ method, args }: Held, was: Seen['was']): void {
    this.#channel.postMessage({ slot: this.slot, method, args, was } satisfies Seen);
  }
}

const start = workerData as (Omit<WorkerStart, 'store'> & { store: WorkerStart['store'] }) | null;
if (start?.store) {
  const gate = new Gate(start.slot);
  // A read that is held back is not late, and a crowd that a busy machine is slow to take in is not too much.
  const late = { readMs: HELD_MS, flightMs: HELD_MS, askMs: HELD_MS, readSlowMs: HELD_MS, requestIdleMs: HELD_MS };
  const calm = { strainLagMs: HELD_MS, strainWaitMs: HELD_MS, strainMailbox: LIMITS.mailboxOwed };
  Object.assign(LIMITS, { ...late, ...calm, gatheredKeys: GATHERED_KEYS });
  start.store = { ...start.store, readers: start.store.readers.map((port) => gate.between(port)) };
  await import('../../src/worker.ts');
}
