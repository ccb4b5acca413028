import type { MessagePort } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import { type Answers, FORGET } from './wire.ts';

interface Pending {
  readonly promise: Promise<string | number>;
  readonly resolve: (text: string | number) => void;
  readonly reject: (fault: Fault) => void;
  /** Of the clock that never steps back. */
  readonly deadline: number;
}

export interface PipeOptions {
  readonly clock: Clock;
  /** Milliseconds until an ask that is not answered fails with Fault `timeout`. */
  readonly deadlineMs: number;
  /** The other side knows FORGET, and is told so at the deadline; the ask fails when that is answered, or so much later. */
  readonly graceMs?: number;
  /** Asks in flight; more are refused with Fault `overloaded`. */
  readonly maxInFlight: number;
  /** What arrives without an ask. */
  readonly onState?: (state: string) => void;
}

/** Asks and answers over one port: what is asked in one turn of the loop is one message. Every ask ends. */
export class Pipe {
  readonly #port: MessagePort;
  readonly #options: PipeOptions;
  /** In the order of their deadlines, which is that of asking. */
  readonly #pending = new Map<number, Pending>();
  /** Past their deadlines, in the order of what is left to them. */
  readonly #late = new Map<number, Pending>();
  #out: (string | number)[] = [];
  #nextId = 1;
  #timer: Timer | null = null;
  #dead: Fault | null = null;

  constructor(port: MessagePort, options: PipeOptions) {
    this.#port = port;
    this.#options = options;
    port.on('message', (answers: Answers) => this.#hear(answers));
    port.on('close', () => this.end(new Fault('unavailable', true, 'a thread of the store has ended')));
  }

  get inFlight(): number {
    return this.#pending.size + this.#late.size;
  }

  get alive(): boolean {
    return this.#dead === null;
  }

  /** `entries` gets the id of this ask and says what to post. `signal`: the other side is told that nobody waits; the ask ends with its answer all the same. */
  ask(
    entries: (id: number) => readonly (string | number)[],
    signal: AbortSignal | null = null,
  ): Promise<string | number> {
    const { clock, deadlineMs, maxInFlight } = this.#options;
    if (this.#dead !== null) return Promise.reject(this.#dead);
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.inFlight >= maxInFlight) {
      return Promise.reject(new Fault('overloaded', true, `${maxInFlight} asks of the store are in flight`));
    }
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<string | number>();
    this.#pending.set(id, { promise, resolve, reject, deadline: clock.monotonic() + deadlineMs });
    this.tell(entries(id));
    if (this.#timer === null) this.#arm(deadlineMs);
    return signal === null ? promise : this.#untilLeft(id, promise, signal);
  }

  tell(entries: readonly (string | number)[]): void {
    if (this.#dead !== null) return;
    if (this.#out.length === 0) this.#options.clock.defer(() => this.#flush());
    for (const entry of entries) this.#out.push(entry);
  }

  /** Resolves when nothing is in flight; deadlines see to it that it does. */
  async drained(): Promise<void> {
    while (this.inFlight > 0) {
      const ends = [...this.#late.values(), ...this.#pending.values()].map(({ promise }) => promise);
      await Promise.allSettled(ends);
    }
  }

  /** Everything pending fails with this, and every later ask. */
  end(fault: Fault): void {
    if (this.#dead !== null) return;
    this.#flush();
    this.#dead = fault;
    this.#timer?.cancel();
    for (const asks of [this.#late, this.#pending]) {
      for (const { reject } of asks.values()) reject(fault);
      asks.clear();
    }
    this.#port.close();
  }

  async #untilLeft<Value>(id: number, answer: Promise<Value>, signal: AbortSignal): Promise<Value> {
    const leave = (): void => this.tell([id, FORGET, '']);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await answer;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #flush(): void {
    if (this.#out.length === 0 || this.#dead !== null) return;
    const entries = this.#out;
    this.#out = [];
    this.#port.postMessage(entries);
  }

  #hear(answers: Answers): void {
    for (let at = 0; at + 2 < answers.length; at += 3) {
      const [id, outcome, text] = [Number(answers[at]), String(answers[at + 1]), answers[at + 2] ?? ''];
      if (outcome === 'state') this.#options.onState?.(String(text));
      // An answer after its end finds nobody.
      const late = this.#late.get(id);
      const asked = late ?? this.#pending.get(id);
      (late === undefined ? this.#pending : this.#late).delete(id);
      if (outcome === 'ok') asked?.resolve(text);
      else asked?.reject(late === undefined ? faultOf(outcome, String(text)) : this.#timeout());
    }
  }

  #arm(ms: number): void {
    this.#timer = this.#options.clock.after(ms, () => {
      const now = this.#options.clock.monotonic();
      for (const [id, ask] of due(this.#pending, now)) this.#isOver(id, ask);
      for (const [id, { reject }] of due(this.#late, now)) {
        this.#late.delete(id);
        reject(this.#timeout());
      }
      const ends = [this.#pending, this.#late].flatMap((asks) => asks.values().next().value ?? []);
      this.#timer = null;
      if (ends.length > 0) this.#arm(Math.min(...ends.map(({ deadline }) => deadline)) - now);
    });
  }

  #isOver(id: number, ask: Pending): void {
    const { graceMs } = this.#options;
    this.#pending.delete(id);
    if (graceMs === undefined) {
      ask.reject(this.#timeout());
      return;
    }
    this.#late.set(id, { ...ask, deadline: ask.deadline + graceMs });
    this.tell([id, FORGET, '']);
  }

  #timeout(): Fault {
    return new Fault('timeout', true, `the store did not answer within ${this.#options.deadlineMs} ms`);
  }
}

/** Those whose time is over. */
function* due(asks: ReadonlyMap<number, Pending>, now: number): Iterable<readonly [number, Pending]> {
  for (const each of asks) {
    if (each[1].deadline > now) return;
    yield each;
  }
}

function faultOf(outcome: string, text: string): Fault {
  if (outcome === 'full') return new Fault('full', true, text);
  if (outcome === 'fenced') return new Fault('fenced', false, text);
  if (outcome === 'batch') return new Fault('broken', false, `the batch cannot be stored: ${text}`);
  if (outcome === 'left') return new Fault('lost', true, 'nobody waits for it');
  if (outcome === 'timeout' || outcome === 'overloaded' || outcome === 'unavailable')
    return new Fault(outcome, true, text);
  return new Fault('broken', true, text);
}
