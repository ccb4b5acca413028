/** Real owners over a store in memory, one step at a time: each store task, tell and confirmation is a step, and the world may end at any of them. */
import { Actors } from '../../../src/actor/actors.ts';
import type { ActorStore } from '../../../src/actor/ports.ts';
import type { Clock } from '../../../src/base/clock.ts';
import { openOwner } from '../../../src/host/loader.ts';
import { openNeeds } from '../../../src/host/needs.ts';
import { isVolatile } from '../../../src/host/volatile.ts';
import { LIMITS } from '../../../src/limits.ts';
import type { Command, Question } from '../../../src/protocol/commands.ts';
import type { Reply } from '../../../src/protocol/decision.ts';
import { Fault } from '../../../src/protocol/errors.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import { Mint } from '../../../src/protocol/snowflake.ts';
import { gatherSingles } from '../../../src/store/gathered.ts';
import { MemoryData, MemoryStore } from '../../../src/store/memory/store.ts';
import { GATHERED } from '../../../src/worker-limits.ts';
import { FakeClock } from '../actor/fake-clock.ts';

/**
 * `before` a step and `after` it: everything in memory is gone, between a commit and its effects too. One owner alone dies of the next commit:
 * `fault`, it stores nothing; `unheard`, it is stored and its answer is lost.
 */
export interface Cut {
  readonly how: 'before' | 'after' | 'fault' | 'unheard';
  readonly step: number;
}

interface Open {
  readonly key: OwnerKey;
  readonly command: Command;
  readonly commandId: string;
  readonly resolve: (reply: Reply | 'lost') => void;
}

/** Seconds of silence after which nothing comes any more: a tell that one death swallowed is told again after one or two. */
const PATIENCE = 3;

export class CutWorld {
  readonly clock = new FakeClock();
  readonly #data = new MemoryData();
  readonly #mint = new Mint(5);
  readonly #asks = new Set<Open>();
  #steps: (() => void)[] = [];
  #life = 0;
  #named = 0;
  #cut: Cut | null = null;
  #isNextUnheard = false;
  /** Steps since `cutAt` was called. */
  taken = 0;
  store: MemoryStore;
  #actors: Actors;

  /** `asksAgain`: who asked lives on and asks under the same id, as another worker does. */
  constructor(readonly asksAgain: boolean) {
    [this.store, this.#actors] = this.#begin();
  }

  cutAt(cut: Cut | null): void {
    this.#cut = cut;
    this.taken = 0;
  }

  /** Resolves when nothing moves any more. */
  async ask(key: OwnerKey, command: Command): Promise<Reply | 'lost'> {
    this.#named += 1;
    const { promise, resolve } = Promise.withResolvers<Reply | 'lost'>();
    this.#put({ key, command, commandId: `c${this.#named}`, resolve }, false);
    await this.#run();
    return promise;
  }

  async read<T>(key: OwnerKey, question: Question): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.#actors.read(key, question, resolve, reject);
    await this.#run();
    const reply = await promise;
    return ('ok' in reply ? reply.ok : reply.refused) as T;
  }

  async stored<T>(read: (store: MemoryStore) => Promise<T>): Promise<T> {
    const answer = read(this.store);
    await this.#run();
    return answer;
  }

  /** Everything in memory is gone; owners with something to tell are woken, as a new worker does. */
  async restart(): Promise<void> {
    this.store.crash();
    this.#steps = [];
    [this.store, this.#actors] = this.#begin();
    this.#wakeTellers();
    for (const open of [...this.#asks]) {
      this.#asks.delete(open);
      if (this.asksAgain) this.#put(open, true);
      else open.resolve('lost');
    }
  }

  #wakeTellers(): void {
    const actors = this.#actors;
    const wake = (owners: readonly OwnerKey[]): void => owners.forEach((owner) => void actors.wake(owner));
    this.store.tellers(null, LIMITS.tellersPage).then(wake, () => {});
  }

  #put(open: Open, again: boolean): void {
    this.#asks.add(open);
    const { key, command, commandId } = open;
    const over = (): boolean => this.#asks.delete(open);
    this.#actors.ask(key, {
      command,
      commandId,
      again,
      deadline: Number.POSITIVE_INFINITY,
      respond: (reply) => over() && open.resolve(reply),
      fail: () => {
        if (!over()) return;
        if (this.asksAgain) this.clock.after(LIMITS.reloadMinMs, () => this.#put(open, true));
        else open.resolve('lost');
      },
    });
  }

  async #run(): Promise<void> {
    for (let silent = 0; silent < PATIENCE; ) {
      await this.clock.settle();
      const step = this.#steps.shift();
      if (step === undefined) {
        silent += 1;
        await this.clock.advance(1000);
        continue;
      }
      silent = 0;
      await this.#take(step);
    }
  }

  async #take(step: () => void): Promise<void> {
    this.taken += 1;
    const cut = this.#cut;
    if (cut?.step !== this.taken) {
      step();
      return;
    }
    this.#cut = null;
    if (cut.how === 'fault') this.store.failNext(new Fault('timeout', true, 'cut'));
    if (cut.how === 'unheard') this.#isNextUnheard = true;
    if (cut.how !== 'before') step();
    if (cut.how === 'before' || cut.how === 'after') await this.restart();
  }

  /** The store as owners have it: an answer may be lost. */
  #hard(store: MemoryStore): ActorStore {
    return {
      commit: async (batch) => {
        const isUnheard = this.#isNextUnheard;
        this.#isNextUnheard = false;
        await store.commit(batch);
        if (isUnheard) throw new Fault('timeout', true, 'cut');
      },
      release: (owner, epoch) => store.release(owner, epoch),
      result: (owner, commandId) => store.result(owner, commandId),
      get state() {
        return store.state;
      },
    };
  }

  #begin(): [MemoryStore, Actors] {
    this.#life += 1;
    const life = this.#life;
    const mine = (task: () => void) => (): void => {
      if (this.#life === life) task();
    };
    const later = (task: () => void): void => void this.#steps.push(mine(task));
    const { clock } = this;
    const lived: Clock = {
      ...clock,
      after: (ms, task) => clock.after(ms, mine(task)),
      defer: (task) => clock.defer(mine(task)),
    };
    const store = new MemoryStore({ clock, data: this.#data, defer: later });
    const actors: Actors = new Actors(
      {
        clock: lived,
        store: this.#hard(store),
        log: () => {},
        mint: (now, after) => this.#mint.next(now, after),
        load: openNeeds(store, gatherSingles(store, lived, GATHERED), lived),
        isVolatile,
        open: (key) => openOwner(store, key, LIMITS, clock.now),
        announce: () => {},
        awaited: () => [],
        relay: () => {},
        refuseInterest: () => {},
        tell: (to, command, from, seq) => later(() => actors.tell(to, structuredClone(command), from, seq)),
        confirm: (to, from, seq) => later(() => actors.confirm(to, from, seq)),
      },
      LIMITS,
    );
    return [store, actors];
  }
}
