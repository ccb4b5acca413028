/** What a batch becomes: statements, each of one partition, in the order of the writes. What must be read first is read while it is made. */
import { assert } from '../../base/assert.ts';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { ChannelChange, ChannelEntry } from './channel-index.ts';
import type { Db } from './db.ts';
import { type Drafted, type Entries, STAMP, type Value } from './entries.ts';
import { MessageDraft } from './message-draft.ts';
import { TellDraft } from './tell-draft.ts';

/** A name followed by its arguments, then the next: what a worker posts. */
export type Ops = readonly (string | number)[];

/**
 * A write that needs no reading. `cql`: `?1` is its first argument, `?s` the timestamp. `at`: the partition, by the type of its key: `i` a bigint, `t` a
 * text, `b` a bigint and an int.
 */
export interface Plain {
  readonly cql: string;
  readonly at: string;
}

/** A write that reads before. */
export interface Step {
  readonly arity: number;
  readonly run: (draft: Draft, args: readonly string[]) => void | Promise<void>;
}

export type Known = Plain | Step;

export interface Compiled {
  readonly arity: number;
  readonly run: Step['run'];
}

export function compile(known: Readonly<Record<string, Known>>): ReadonlyMap<string, Compiled> {
  return new Map(Object.entries(known).map(([name, each]) => [name, 'run' in each ? each : compilePlain(each)]));
}

function compilePlain({ cql, at }: Plain): Compiled {
  const order = [...cql.matchAll(/\?(\d+|s)/g)].map(([, number]) => (number === 's' ? null : Number(number) - 1));
  const bound = cql.replace(/\?(\d+|s)/g, '?');
  const arity = Math.max(0, ...order.map((index) => (index ?? -1) + 1));
  return {
    arity,
    run: (draft, args) => {
      const partition = at.replace(/\?(\d+)/g, (_, number) => args[Number(number) - 1] ?? '');
      draft.put(
        partition,
        bound,
        order.map((index) => (index === null ? STAMP : (args[index] ?? null))),
      );
    },
  };
}

export class Draft implements Entries {
  readonly entries: Drafted[] = [];
  readonly messages: MessageDraft;
  readonly tells: TellDraft;
  readonly #channels = new Map<Snowflake, { owner: OwnerKey | null; buckets: Map<number, Snowflake | null> }>();
  readonly #changes = new Map<Snowflake, { owner?: OwnerKey; buckets: Map<number, Snowflake | null | 'gone'> }>();

  constructor(
    readonly db: Db,
    readonly owner: OwnerKey,
  ) {
    this.messages = new MessageDraft(this);
    this.tells = new TellDraft(this);
  }

  /** Rejects when something could not be read: nothing was sent then. */
  static async of(db: Db, owner: OwnerKey, ops: Ops, known: ReadonlyMap<string, Compiled>): Promise<Draft> {
    const draft = new Draft(db, owner);
    try {
      await draft.#take(ops, known);
    } catch (error) {
      draft.forget();
      throw error;
    }
    return draft;
  }

  /** What is remembered of the owner is as this batch leaves it: it was not sent, or nobody knows what became of it. */
  forget(): void {
    this.db.tells.forget(this.owner);
    this.db.floors.forget(this.owner);
    for (const channelId of this.#changes.keys()) this.db.channels.forget(channelId);
  }

  async #take(ops: Ops, known: ReadonlyMap<string, Compiled>): Promise<void> {
    for (let at = 0; at < ops.length; ) {
      const name = String(ops[at]);
      const step = known.get(name);
      assert(step !== undefined, `${name} is a write of this store`);
      const from = at + 1;
      at = from + step.arity;
      assert(at <= ops.length, `${name} has its arguments`);
      await step.run(this, ops.slice(from, at).map(String));
    }
    await this.messages.settle();
    this.tells.settle();
  }

  put(partition: string, cql: string, params: readonly Value[]): void {
    this.entries.push({ partition, cql, params });
  }

  sweepGuild(guildId: Snowflake): void {
    this.entries.push({ partition: `sweep ${guildId}`, cql: '', params: [guildId, STAMP], sweeps: 'guild' });
  }

  /** As it will be when the entries made so far are stored. */
  async channel(channelId: Snowflake): Promise<ChannelEntry> {
    const mine = this.#channels.get(channelId);
    if (mine !== undefined) return mine;
    const { owner, buckets } = await this.db.channels.of(channelId);
    const copy = { owner, buckets: new Map(buckets) };
    this.#channels.set(channelId, copy);
    return copy;
  }

  async setOwner(channelId: Snowflake, owner: OwnerKey): Promise<void> {
    await this.channel(channelId);
    const mine = this.#channels.get(channelId);
    if (mine !== undefined) mine.owner = owner;
    this.#change(channelId).owner = owner;
    const cql = 'insert into {}.channels (channel_id, owner) values (?, ?) using timestamp ?';
    this.put(`i ${channelId}`, cql, [channelId, owner, STAMP]);
  }

  /** The channel must have been asked for before. */
  setBucket(channelId: Snowflake, bucket: number, newest: Snowflake | null | 'gone'): void {
    const mine = this.#channels.get(channelId)?.buckets;
    assert(mine !== undefined, 'the index of the channel is known');
    this.#change(channelId).buckets.set(bucket, newest);
    const at = `i ${channelId}`;
    const key = [channelId, String(bucket)];
    if (newest === 'gone') {
      mine.delete(bucket);
      this.put(at, 'delete from {}.channels using timestamp ? where channel_id = ? and bucket = ?', [STAMP, ...key]);
    } else if (newest === null && !mine.has(bucket)) {
      mine.set(bucket, null);
      this.put(at, 'insert into {}.channels (channel_id, bucket) values (?, ?) using timestamp ?', [...key, STAMP]);
    } else {
      mine.set(bucket, newest);
      const cql = 'insert into {}.channels (channel_id, bucket, newest) values (?, ?, ?) using timestamp ?';
      this.put(at, cql, [...key, newest, STAMP]);
    }
  }

  /** What the index of channels must know when the entries are stored. */
  get changes(): ReadonlyMap<Snowflake, ChannelChange> {
    return this.#changes;
  }

  #change(channelId: Snowflake) {
    const change = this.#changes.get(channelId) ?? { buckets: new Map<number, Snowflake | null | 'gone'>() };
    this.#changes.set(channelId, change);
    return change;
  }
}
