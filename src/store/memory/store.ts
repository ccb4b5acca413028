/** The reference adapter: a store in one process, for the simulator, tests and installations that keep nothing. */
import { assert } from '../../base/assert.ts';
import type { Clock } from '../../base/clock.ts';
import { Fault } from '../../protocol/errors.ts';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { AskedReactions, Batch, MessagePage, Store } from '../ports.ts';
import { handle, type WriteHandlers, type WriteName } from '../subjects.ts';
import { MemoryGuilds } from './guilds.ts';
import { MemoryJournal } from './journal.ts';
import { MemoryMessages } from './messages.ts';
import { MemoryUsers } from './users.ts';

/** What outlives a crash: give it to the next MemoryStore. */
export class MemoryData {
  readonly messages = new MemoryMessages();
  readonly guilds = new MemoryGuilds();
  readonly users = new MemoryUsers();
  readonly journal = new MemoryJournal();
  /** The greatest epoch given. */
  epoch = 0;
  /** Which store serves it: a store that has crashed changes nothing any more. */
  holder: MemoryStore | null = null;

  readonly writes: WriteHandlers<WriteName, void> = {
    ...this.messages.writes,
    ...this.guilds.writes,
    ...this.users.writes,
    ...this.journal.writes,
  };
}

export interface MemoryOptions {
  readonly clock: Pick<Clock, 'now'>;
  /** Runs a task later: a seeded scheduler decides when a commit or a read is done. Commits keep their order whatever it does. */
  readonly defer?: (task: () => void) => void;
  readonly data?: MemoryData;
  /** Batches that may wait. */
  readonly maxWaiting?: number;
}

export class MemoryStore implements Store {
  readonly data: MemoryData;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #defer: (task: () => void) => void;
  readonly #maxWaiting: number;
  readonly #epochs = new Map<OwnerKey, number>();
  readonly #queue: (() => void)[] = [];
  #state: Store['state'] = 'open';
  #held = false;
  #failNext: Fault[] = [];

  constructor(options: MemoryOptions) {
    this.data = options.data ?? new MemoryData();
    this.data.holder = this;
    this.#clock = options.clock;
    this.#defer = options.defer ?? queueMicrotask;
    this.#maxWaiting = options.maxWaiting ?? 100_000;
  }

  get state(): Store['state'] {
    return this.#state;
  }

  fence(owner: OwnerKey): Promise<number> {
    return this.#enqueue(() => {
      this.data.epoch += 1;
      this.#epochs.set(owner, this.data.epoch);
      return this.data.epoch;
    });
  }

  release(owner: OwnerKey, epoch: number): void {
    const run = (): void => {
      if (this.#epochs.get(owner) === epoch) this.#epochs.delete(owner);
    };
    this.#enqueue(run).catch(() => {});
  }

  commit(batch: Batch): Promise<void> {
    if (this.#state !== 'open') return Promise.reject(stateFault(this.#state));
    // The batch is what it says now: the actor may go on before it is stored.
    const writes = frozenCopy(batch.writes);
    const known = writes.every((write) => write.w in this.data.writes);
    if (!known) return Promise.reject(new Fault('broken', false, 'the batch holds a write that no adapter knows'));
    return this.#enqueue(() => {
      const fault = this.#failNext.shift();
      if (fault !== undefined) throw fault;
      if (this.#state !== 'open') throw stateFault(this.#state);
      if (this.#epochs.get(batch.owner) !== batch.epoch) throw fenced(batch);
      for (const write of writes) handle(this.data.writes, write, batch.owner);
    });
  }

  /** Commits and fences wait until `resume`. */
  hold(): void {
    this.#held = true;
  }

  resume(): void {
    this.#held = false;
    for (let n = this.#queue.length; n > 0; n -= 1) this.#schedule();
  }

  /** The next commit that is run fails with this and stores nothing. */
  failNext(fault: Fault): void {
    this.#failNext.push(fault);
  }

  /** A full or broken disk, and its repair. */
  enter(state: 'open' | 'full' | 'broken'): void {
    if (this.#state !== 'closed') this.#state = state;
  }

  /** The process dies: what waits is lost and nothing is answered any more. Reopen with `new MemoryStore({ data: store.data, ... })`. */
  crash(): void {
    if (this.data.holder === this) this.data.holder = null;
    this.#queue.length = 0;
    this.#state = 'closed';
  }

  async close(): Promise<void> {
    this.resume();
    if (this.#state === 'closed') return;
    await this.#enqueue(() => undefined);
    this.#state = 'closed';
  }

  /** Every read sees what was stored when it is run, never half a batch. */
  #read<Value>(read: (data: MemoryData) => Value): Promise<Value> {
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    if (this.#state === 'closed') return Promise.reject(stateFault('closed'));
    this.#defer(() => {
      if (this.data.holder !== this) return;
      try {
        resolve(read(this.data));
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  #enqueue<Value>(task: () => Value): Promise<Value> {
    if (this.#state === 'closed') return Promise.reject(stateFault('closed'));
    if (this.#queue.length >= this.#maxWaiting) {
      return Promise.reject(new Fault('overloaded', true, `${this.#maxWaiting} batches wait for the store`));
    }
    const { promise, resolve, reject } = Promise.withResolvers<Value>();
    const run = (): void => {
      try {
        resolve(task());
      } catch (error) {
        reject(error);
      }
    };
    this.#queue.push(run);
    if (!this.#held) this.#schedule();
    return promise;
  }

  #schedule(): void {
    this.#defer(() => {
      if (this.#held || this.data.holder !== this) return;
      this.#queue.shift()?.();
    });
  }

  page = (query: MessagePage) => this.#read((data) => data.messages.page(query));
  pageText = (query: MessagePage) => this.#read((data) => data.messages.pageText(query));
  message = (channelId: Snowflake, id: Snowflake) => this.#read((data) => data.messages.message(channelId, id));
  messages = (channelId: Snowflake, ids: readonly Snowflake[]) =>
    this.#read((data) => data.messages.messages(channelId, ids));
  reactionsOf = (channelId: Snowflake, asked: readonly AskedReactions[]) =>
    this.#read((data) => data.messages.reactionsOf(channelId, asked));
  reactors = (channelId: Snowflake, id: Snowflake, emoji: string, after: Snowflake | null, limit: number) =>
    this.#read((data) => data.messages.reactors(channelId, id, emoji, after, limit));
  pins = (channelId: Snowflake) => this.#read((data) => data.messages.pins(channelId));
  nonce = (channelId: Snowflake, author: Snowflake, nonce: string, now: number) =>
    this.#read((data) => data.messages.nonce(channelId, author, nonce, now));
  authored = (channelIds: readonly Snowflake[], author: Snowflake, since: Snowflake, limit: number) =>
    this.#read((data) => data.messages.authored(channelIds, author, since, limit));

  guild = (id: Snowflake) => this.#read((data) => data.guilds.guild(id));
  dm = (owner: OwnerKey) => this.#read((data) => data.guilds.dm(owner));
  channelOwner = (channelId: Snowflake) => this.#read((data) => data.guilds.channelOwner(channelId));
  invite = (code: string) => this.#read((data) => data.guilds.invite(code));
  guildsOf = (user: Snowflake) => this.#read((data) => data.guilds.guildsOf(user));
  dmsOf = (user: Snowflake) => this.#read((data) => data.guilds.dmsOf(user));

  user = (id: Snowflake) => this.#read((data) => data.users.user(id));
  users = (ids: readonly Snowflake[]) => this.#read((data) => data.users.users(ids));
  userByLogin = (login: string) => this.#read((data) => data.users.userByLogin(login));
  heardBy = (user: Snowflake) => this.#read((data) => data.users.heardBy(user));
  token = (hash: string) => this.#read((data) => data.users.token(hash));
  tokensOf = (user: Snowflake) => this.#read((data) => data.users.tokensOf(user));
  application = (id: Snowflake) => this.#read((data) => data.users.application(id));
  applicationsOf = (owner: Snowflake) => this.#read((data) => data.users.applicationsOf(owner));
  commandsOf = (application: Snowflake) => this.#read((data) => data.users.commandsOf(application));

  rows = (owner: OwnerKey, limit: number) => this.#read((data) => data.journal.rows(owner, limit));
  tells = (owner: OwnerKey) => this.#read((data) => data.journal.tells(owner));
  tellers = (after: OwnerKey | null, limit: number) => this.#read((data) => data.journal.tellers(after, limit));
  result = (owner: OwnerKey, commandId: string) =>
    this.#read((data) => data.journal.result(owner, commandId, this.#clock.now()));
}

const fenced = (batch: Batch): Fault => new Fault('fenced', false, `epoch ${batch.epoch} of ${batch.owner} has ended`);

function stateFault(state: Store['state']): Fault {
  if (state === 'full') return new Fault('full', true, 'the store is full');
  if (state === 'broken') return new Fault('broken', true, 'the store does not accept writes');
  assert(state === 'closed', 'only a store that is not open fails by its state');
  return new Fault('unavailable', false, 'the store is closed');
}

/** Shares nothing with the giver, and whoever changes what he read is told. */
function frozenCopy<Value>(value: Value): Value {
  const copy: unknown = JSON.parse(JSON.stringify(value));
  freeze(copy);
  return copy as Value;
}

/** Whole, and several times as fast as a reviver of JSON.parse. */
function freeze(part: unknown): void {
  if (typeof part !== 'object' || part === null) return;
  for (const inner of Object.values(part)) freeze(inner);
  Object.freeze(part);
}
