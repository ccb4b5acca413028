/**
 * Any store behind a deadline, a bound of queries at once and a circuit: when the database is slow, reads are refused early instead of piling up before it.
 * Reads that failed at once are asked again, so far as the retries do not become load of their own. Writes pass through, timed: the adapter knows what may
 * be repeated of them, and `state` says early when none is accepted.
 */
import type { Clock } from '../base/clock.ts';
import type { Family } from '../base/metrics.ts';
import type { Random } from '../base/random.ts';
import { Fault } from '../protocol/errors.ts';
import type { OwnerKey } from '../protocol/ids.ts';
import { admit, type Circuit, type CircuitLimits, closedCircuit, type Outcome, refusalOf, tell } from './circuit.ts';
import { Gate } from './gate.ts';
import { type Batch, type Store, signalIn } from './ports.ts';
import { QueryCounts } from './query-counts.ts';
import type { ReadPort } from './subjects.ts';

export interface GuardLimits extends CircuitLimits {
  /** A read ends then at the latest, with all its waiting and retries. */
  readonly readMs: number;
  /** The same for a commit and a fence; whether it was stored is unknown then. */
  readonly commitMs: number;
  /** A read that has no answer by then is a bad sign, whatever comes later. */
  readonly slowMs: number;
  /** Reads at the store at once, and those that may wait for a place. */
  readonly reads: number;
  readonly waiting: number;
  /** How often one read is asked at most. */
  readonly attempts: number;
  /** Before the first retry; doubles, and is spread by half. */
  readonly retryMs: number;
}

export interface GuardOptions {
  readonly clock: Pick<Clock, 'after' | 'monotonic'>;
  readonly random: Pick<Random, 'unit'>;
  readonly limits: GuardLimits;
}

/** The store failed or did not answer. Of these, what it did not refuse for its load is asked again. */
const BAD: ReadonlySet<Fault['code']> = new Set(['timeout', 'unavailable', 'lost', 'broken', 'overloaded']);

/** One retry is earned by so many reads; so many are kept for a bad moment. */
const READS_PER_RETRY = 10;
const RETRIES_KEPT = 20;

/** A timer that is later than this says nothing about the store. */
const HELD_UP_MS = 20;

type Ask = () => Promise<unknown>;

export class GuardedStore implements Store {
  readonly #counts = new QueryCounts();
  readonly #gate: Gate;
  #circuit: Circuit;
  #retries = RETRIES_KEPT;

  constructor(
    readonly inner: Store,
    readonly options: GuardOptions,
  ) {
    const { clock, limits } = options;
    this.#gate = new Gate(clock, limits.reads, limits.waiting);
    this.#circuit = closedCircuit(clock.monotonic());
    for (const write of ['commit', 'fence']) this.#counts.expect(write, 'write');
  }

  get state(): Store['state'] {
    return this.inner.state;
  }

  commit(batch: Batch): Promise<void> {
    return this.#counted('commit', () => this.#write(() => this.inner.commit(batch)));
  }

  fence(owner: OwnerKey): Promise<number> {
    return this.#counted('fence', () => this.#write(() => this.inner.fence(owner)));
  }

  release(owner: OwnerKey, epoch: number): void {
    this.inner.release(owner, epoch);
  }

  close(): Promise<void> {
    return this.inner.close();
  }

  measure(): Family[] {
    return this.#counts.measure(this.#circuit.state, this.#gate.waiting);
  }

  readonly page = this.#guard('page');
  /** The same query: it is its answer that is written otherwise. */
  readonly pageText = this.#guard('pageText', 'page');
  readonly message = this.#guard('message');
  readonly messages = this.#guard('messages');
  readonly reactionsOf = this.#guard('reactionsOf');
  readonly reactors = this.#guard('reactors');
  readonly pins = this.#guard('pins');
  readonly nonce = this.#guard('nonce');
  readonly authored = this.#guard('authored');
  readonly guild = this.#guard('guild');
  readonly dm = this.#guard('dm');
  readonly channelOwner = this.#guard('channelOwner');
  readonly invite = this.#guard('invite');
  readonly user = this.#guard('user');
  readonly users = this.#guard('users');
  readonly userByLogin = this.#guard('userByLogin');
  readonly guildsOf = this.#guard('guildsOf');
  readonly dmsOf = this.#guard('dmsOf');
  readonly heardBy = this.#guard('heardBy');
  readonly token = this.#guard('token');
  readonly tokensOf = this.#guard('tokensOf');
  readonly application = this.#guard('application');
  readonly applicationsOf = this.#guard('applicationsOf');
  readonly commandsOf = this.#guard('commandsOf');
  readonly rows = this.#guard('rows');
  readonly tells = this.#guard('tells');
  readonly tellers = this.#guard('tellers');
  readonly result = this.#guard('result');

  /** `query`: as it is counted. */
  #guard<Name extends keyof ReadPort>(name: Name, query: string = name): ReadPort[Name] {
    this.#counts.expect(query, 'read');
    const guarded = (...args: readonly unknown[]): Promise<unknown> => {
      const signal = signalIn(args);
      const ask = (): Promise<unknown> =>
        (this.inner[name] as (...args: readonly unknown[]) => Promise<unknown>)(...args);
      return this.#counted(query, () => this.#read(query, ask, signal), signal);
    };
    return guarded as ReadPort[Name];
  }

  async #counted<Value>(query: string, ask: () => Promise<Value>, signal: AbortSignal | null = null): Promise<Value> {
    const { clock } = this.options;
    const started = clock.monotonic();
    this.#counts.inFlight.add(query);
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted) this.#counts.left.add(query);
      else this.#counts.failed.add(`${query}|${error instanceof Fault ? error.code : 'bug'}`);
      throw error;
    } finally {
      this.#counts.inFlight.add(query, -1);
      this.#counts.times.of(query).observe((clock.monotonic() - started) / 1000);
    }
  }

  // --- reads

  /** `signal`: nobody waits for it. Then it is not begun, nor begun again; what is at the store ends as that ends it. */
  async #read(query: string, ask: Ask, signal: AbortSignal | null): Promise<unknown> {
    const { clock, limits } = this.options;
    const deadline = clock.monotonic() + limits.readMs;
    this.#retries = Math.min(RETRIES_KEPT, this.#retries + 1 / READS_PER_RETRY);
    for (let attempt = 1; ; attempt += 1) {
      signal?.throwIfAborted();
      await this.#enter(query, deadline, signal);
      const round = this.#circuit.round;
      try {
        return await this.#run(ask, deadline - clock.monotonic(), round, signal);
      } catch (error) {
        const pause = signal?.aborted ? null : this.#pauseBefore(error, attempt, deadline);
        if (pause === null) throw error;
        this.#counts.retried.add(query);
        await new Promise<void>((resolve) => clock.after(pause, resolve));
      }
    }
  }

  /** Takes a place at the store. Throws Fault `overloaded`: the circuit is open, or there is no place. */
  async #enter(query: string, deadline: number, signal: AbortSignal | null): Promise<void> {
    const { clock, limits } = this.options;
    this.#shedIf(query, refusalOf(this.#circuit, clock.monotonic(), limits));
    try {
      await this.#gate.enter(deadline - clock.monotonic(), signal);
    } catch (error) {
      if (!signal?.aborted) this.#counts.shed.add(`${query}|full`);
      throw error;
    }
    // It may have opened meanwhile.
    const { circuit, retryAfterMs } = admit(this.#circuit, clock.monotonic(), limits);
    this.#circuit = circuit;
    if (retryAfterMs === null) return;
    this.#gate.leave();
    this.#shedIf(query, retryAfterMs);
  }

  #shedIf(query: string, retryAfterMs: number | null): void {
    if (retryAfterMs === null) return;
    this.#counts.shed.add(`${query}|slow`);
    throw shed(retryAfterMs);
  }

  /** The place is held until the store has answered, however late: so many queries are there at once and no more. */
  #run(ask: Ask, leftMs: number, round: number, signal: AbortSignal | null): Promise<unknown> {
    const { clock, limits } = this.options;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    let isJudged = false;
    const judge = (outcome: Outcome): void => {
      if (!isJudged) this.#judge(outcome, round);
      isJudged = true;
    };
    const started = clock.monotonic();
    const slowMs = Math.min(limits.slowMs, leftMs);
    const wait = (ms: number, then: () => void): void => {
      timer = clock.after(Math.max(0, started + ms - clock.monotonic()), then);
    };
    const slow = (): void => {
      judge('bad');
      wait(leftMs, () => reject(tooLate(limits.readMs)));
    };
    let timer = clock.after(slowMs, () => {
      // This thread itself was held up: an answer may lie in its queue, and is heard before the next look.
      const heldUpMs = clock.monotonic() - started - slowMs;
      if (heldUpMs < HELD_UP_MS) slow();
      else wait(slowMs + heldUpMs + HELD_UP_MS, slow);
    });
    const end = (outcome: Outcome): void => {
      timer.cancel();
      this.#gate.leave();
      judge(outcome);
    };
    begin(ask).then(
      (value) => {
        end('good');
        resolve(value);
      },
      (error) => {
        const isBad = error instanceof Fault && BAD.has(error.code);
        end(signal?.aborted ? 'left' : isBad ? 'bad' : 'good');
        reject(error);
      },
    );
    return promise;
  }

  #judge(outcome: Outcome, round: number): void {
    const { clock, limits } = this.options;
    const now = clock.monotonic();
    this.#circuit = tell(this.#circuit, outcome, round, now, limits);
    const retryAfterMs = refusalOf(this.#circuit, now, limits);
    if (this.#circuit.state === 'open' && retryAfterMs !== null) this.#gate.clear(shed(retryAfterMs));
  }

  /** Milliseconds; null: it is not asked again. */
  #pauseBefore(error: unknown, attempt: number, deadline: number): number | null {
    const { clock, random, limits } = this.options;
    if (!(error instanceof Fault) || !error.retryable || !BAD.has(error.code) || error.code === 'overloaded')
      return null;
    const pause = limits.retryMs * 2 ** (attempt - 1) * (0.75 + random.unit() / 2);
    if (attempt >= limits.attempts || clock.monotonic() + pause >= deadline || this.#retries < 1) return null;
    this.#retries -= 1;
    return pause;
  }

  // --- writes

  #write<Value>(ask: () => Promise<Value>): Promise<Value> {
    const { clock, limits } = this.options;
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const timer = clock.after(limits.commitMs, () => reject(tooLate(limits.commitMs)));
    const end = (): void => timer.cancel();
    begin(ask).then(resolve, reject).finally(end);
    return promise;
  }
}

/** What it throws at once is a rejection too. */
const begin = async <Value>(ask: () => Promise<Value>): Promise<Value> => ask();

const tooLate = (ms: number): Fault => new Fault('timeout', true, `the store did not answer within ${ms} ms`);

const shed = (retryAfterMs: number): Fault =>
  new Fault('overloaded', true, 'the store is slow', { retryAfterMs: Math.ceil(retryAfterMs) });
