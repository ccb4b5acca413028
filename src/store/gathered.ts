/** Single keys that are asked for in one turn of the loop, or while enough queries of their group are under way, become one query. */
import { assert } from '../base/assert.ts';
import type { Clock } from '../base/clock.ts';
import { Fault } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { MessageWithReactions, UserRecord } from '../protocol/records.ts';
import type { AskedReactions, MessagesPort, OwnReactions, SingleReads, UsersPort } from './ports.ts';

export interface GatherLimits {
  /** Keys of one query. */
  readonly keys: number;
  /** Queries of one group at once. */
  readonly queries: number;
}

/** Gives what is there. `left`: nobody waits for any of the keys any more. */
type Query<Value> = (group: string, keys: readonly string[], left: AbortSignal) => Promise<ReadonlyMap<string, Value>>;

interface Asked<Value> {
  readonly answer: Promise<Value | null>;
  readonly resolve: (value: Value | null) => void;
  readonly reject: (error: unknown) => void;
  /** Who waits for it. */
  waiters: number;
  /** Nobody does any more. */
  left: () => void;
}

interface Group<Value> {
  readonly waiting: Map<string, Asked<Value>>;
  running: number;
  isWoken: boolean;
}

/** How many wait is bounded by who asks. */
export class Gathered<Value> {
  readonly #groups = new Map<string, Group<Value>>();

  constructor(
    readonly clock: Pick<Clock, 'defer'>,
    readonly limits: GatherLimits,
    readonly query: Query<Value>,
  ) {}

  /** Null: not there. Equal keys that wait for the same query are one. `signal`: its caller waits no longer; a key that all have left is not asked for. */
  get(name: string, key: string, signal: AbortSignal | null = null): Promise<Value | null> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const group = this.#groups.get(name) ?? { waiting: new Map<string, Asked<Value>>(), running: 0, isWoken: false };
    this.#groups.set(name, group);
    const known = group.waiting.get(key);
    if (known !== undefined) return wait(known, signal);
    const { promise: answer, resolve, reject } = Promise.withResolvers<Value | null>();
    const left = (): void => {
      group.waiting.delete(key);
      reject(new Fault('lost', true, 'nobody waits for it'));
    };
    const asked: Asked<Value> = { answer, resolve, reject, waiters: 0, left };
    group.waiting.set(key, asked);
    if (!group.isWoken && group.running < this.limits.queries) {
      group.isWoken = true;
      this.clock.defer(() => {
        group.isWoken = false;
        this.#ask(name, group);
      });
    }
    return wait(asked, signal);
  }

  #ask(name: string, group: Group<Value>): void {
    while (group.waiting.size > 0 && group.running < this.limits.queries) {
      const taken = [...group.waiting].slice(0, this.limits.keys);
      for (const [key] of taken) group.waiting.delete(key);
      group.running += 1;
      this.#answer(name, taken).finally(() => {
        group.running -= 1;
        this.#ask(name, group);
      });
    }
    if (group.waiting.size === 0 && group.running === 0 && !group.isWoken) this.#groups.delete(name);
  }

  async #answer(name: string, taken: readonly (readonly [string, Asked<Value>])[]): Promise<void> {
    const cancel = new AbortController();
    let wanted = taken.length;
    for (const [, asked] of taken) {
      asked.left = () => {
        wanted -= 1;
        if (wanted === 0) cancel.abort(new Fault('lost', true, 'nobody waits for it'));
      };
    }
    try {
      const keys = taken.map(([key]) => key);
      const found = await this.query(name, keys, cancel.signal);
      for (const [key, { resolve }] of taken) resolve(found.get(key) ?? null);
    } catch (error) {
      for (const [, { reject }] of taken) reject(error);
    }
  }
}

/** One more waits, until the answer or his signal. */
function wait<Value>(asked: Asked<Value>, signal: AbortSignal | null): Promise<Value | null> {
  asked.waiters += 1;
  if (signal === null) return asked.answer;
  const leave = (): void => {
    asked.waiters -= 1;
    if (asked.waiters === 0) asked.left();
  };
  signal.addEventListener('abort', leave, { once: true });
  return asked.answer.finally(() => signal.removeEventListener('abort', leave));
}

export type GatheredStore = Pick<MessagesPort, 'message' | 'messages' | 'reactionsOf'> &
  Pick<UsersPort, 'user' | 'users'>;

/** Single messages of a channel, single users, and what single users reacted with: gathered into the store's queries for many. */
export function gatherSingles(store: GatheredStore, clock: Pick<Clock, 'defer'>, limits: GatherLimits): SingleReads {
  assert(limits.keys > 0 && limits.queries > 0, 'a query has room for a key');
  const messages = new Gathered<MessageWithReactions>(clock, limits, async (channelId, ids, left) => {
    const [only] = ids;
    const one = ids.length === 1 && only !== undefined ? [await store.message(channelId, only, left)] : null;
    const found = one ?? (await store.messages(channelId, ids, left));
    return new Map(found.flatMap((each) => (each === null ? [] : [[each.message.id, each] as const])));
  });
  const users = new Gathered<UserRecord>(clock, limits, async (_group, ids, left) => {
    const [only] = ids;
    const isOne = ids.length === 1 && only !== undefined;
    const found = isOne ? [await store.user(only, left)] : await store.users(ids, left);
    return new Map(found.flatMap((each) => (each === null ? [] : [[each.user.id, each] as const])));
  });
  const reactions = new Gathered<OwnReactions>(clock, limits, async (channelId, keys, left) => {
    const found = await store.reactionsOf(channelId, questionsOf(keys), left);
    const ofUsers = Map.groupBy(found, ({ user }) => user);
    const own = (key: string): OwnReactions => {
      const { user, ids } = partsOf(key);
      // He may have asked about other messages in the same turn.
      const his = ofUsers.get(user)?.filter(({ id }) => ids.includes(id)) ?? [];
      return new Map(his.map(({ id, emojis }) => [id, emojis]));
    };
    return new Map(keys.map((key) => [key, own(key)]));
  });
  return {
    message: (channelId, id, signal) => messages.get(channelId, id, signal),
    user: (id, signal) => users.get('', id, signal),
    ownReactions: async (channelId, ids, user, signal) =>
      (await reactions.get(channelId, `${user} ${ids.join()}`, signal)) ?? new Map(),
  };
}

/** A key of reactions is the user and the messages. */
function partsOf(key: string): { readonly user: Snowflake; readonly ids: readonly Snowflake[] } {
  const [user = '', ids = ''] = key.split(' ');
  return { user, ids: ids.split(',') };
}

/** Those who read the same page are asked about together. */
function questionsOf(keys: readonly string[]): AskedReactions[] {
  const pages = Map.groupBy(keys.map(partsOf), ({ ids }) => ids.join());
  return [...pages.values()].map((readers) => ({
    ids: readers[0]?.ids ?? [],
    users: readers.map(({ user }) => user),
  }));
}
