/** The embedded store as a side of a copy: read by ranges of its keys, on a connection of its own. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { assert } from '../../base/assert.ts';
import type { OwnerKey } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { Write } from '../../protocol/writes.ts';
import type { Store } from '../ports.ts';
import type { TransferRow, TransferSource, TransferTable, TransferTarget } from '../transfer.ts';
import { connectStore } from './client.ts';
import { lookAtStore, unusableStore } from './examine.ts';
import { lockDirectory, openReader, openWriter } from './open.ts';
import { all } from './queries.ts';
import { migrate } from './schema.ts';
import { openSqlite } from './threads.ts';

type Row = Readonly<Record<string, string>>;

interface Shape {
  readonly from: string;
  /** Columns of the key; `#` in front: an integer, which travels as text. */
  readonly keys: readonly string[];
  /** Besides the key. */
  readonly columns: readonly string[];
  readonly write: (row: Row) => Write;
  readonly isOwned?: boolean;
}

/** A field of the table as it lies there. */
const of = (row: Row, name: string): string => row[name] ?? '';
const record = <T>(row: Row): T => parseOwn<T>(of(row, 'record'));
/** A channel's own last message is not in its record. */
const withLast = <T>(row: Row): T => ({ ...record<T>(row), last_message_id: row.last ?? null });
const LAST = 'cast(message_id as text) as last';

const SHAPES: Readonly<Record<TransferTable, Shape>> = {
  messages: {
    ...{
      from: 'messages',
      keys: ['#channel_id', '#bucket', '#id'],
      columns: ['cast(author_id as text) as author_id', 'wire'],
    },
    write: (row) => ({
      w: 'putMessage',
      message: {
        ...{ id: of(row, 'id'), channel_id: of(row, 'channel_id'), author_id: of(row, 'author_id') },
        wire: parseOwn(of(row, 'wire')),
      },
    }),
  },
  reactions: {
    from: 'reactions join reaction_counts using (channel_id, message_id, emoji)',
    ...{ keys: ['#channel_id', '#message_id', 'emoji', '#user_id'], columns: ['first_at'] },
    write: (row) => ({
      ...{ w: 'putReaction', channelId: of(row, 'channel_id'), messageId: of(row, 'message_id') },
      ...{ emoji: of(row, 'emoji'), userId: of(row, 'user_id'), at: Number(row.first_at) },
    }),
  },
  pins: {
    ...{ from: 'pins', keys: ['#channel_id', '#message_id'], columns: ['at'] },
    write: (row) => ({
      w: 'putPin',
      channelId: of(row, 'channel_id'),
      messageId: of(row, 'message_id'),
      at: of(row, 'at'),
    }),
  },
  channelOwners: {
    ...{ from: 'channel_owners', keys: ['#channel_id'], columns: ['owner'] },
    write: (row) => ({ w: 'putChannelOwner', channelId: of(row, 'channel_id'), owner: of(row, 'owner') as OwnerKey }),
  },
  roles: {
    ...{ from: 'roles', keys: ['#guild_id', '#id'], columns: ['record'] },
    write: (row) => ({ w: 'putRole', guildId: of(row, 'guild_id'), role: record(row) }),
  },
  members: {
    from: 'members join memberships using (guild_id, user_id)',
    ...{ keys: ['#guild_id', '#user_id'], columns: ['record', 'seq'] },
    write: (row) => ({ w: 'putMember', guildId: of(row, 'guild_id'), member: record(row), seq: Number(row.seq) }),
  },
  bans: {
    ...{ from: 'bans', keys: ['#guild_id', '#user_id'], columns: ['record'] },
    write: (row) => ({ w: 'putBan', guildId: of(row, 'guild_id'), ban: record(row) }),
  },
  channels: {
    from: 'channels left join last_messages on channel_id = id',
    ...{ keys: ['#guild_id', '#id'], columns: ['record', LAST] },
    write: (row) => ({ w: 'putChannel', channel: withLast(row) }),
  },
  guilds: {
    ...{ from: 'guilds', keys: ['#id'], columns: ['record'] },
    write: (row) => ({ w: 'putGuild', guild: record(row) }),
  },
  invites: {
    ...{ from: 'invites', keys: ['code'], columns: ['record'] },
    write: (row) => ({ w: 'putInvite', invite: record(row) }),
  },
  dms: {
    ...{ from: 'dms left join last_messages on channel_id = id', keys: ['owner'], columns: ['record', LAST] },
    write: (row) => ({ w: 'putDm', dm: withLast(row) }),
  },
  openDms: {
    ...{ from: 'open_dms', keys: ['#user_id', 'owner'], columns: [] },
    write: (row) => ({ w: 'putDmOpen', userId: of(row, 'user_id'), owner: of(row, 'owner') as OwnerKey, open: true }),
  },
  applications: {
    ...{ from: 'applications', keys: ['#id'], columns: ['record'] },
    write: (row) => ({ w: 'putApplication', application: record(row) }),
  },
  commands: {
    ...{ from: 'commands', keys: ['#application_id', '#id'], columns: ['record'] },
    write: (row) => ({ w: 'putCommand', command: record(row) }),
  },
  heard: {
    ...{ from: 'heard', keys: ['#user_id', 'teller'], columns: ['seq'] },
    write: (row) => ({
      w: 'putHeard',
      user: of(row, 'user_id'),
      teller: of(row, 'teller') as OwnerKey,
      seq: Number(row.seq),
    }),
  },
  users: {
    ...{ from: 'users', keys: ['#id'], columns: ['record'] },
    write: (row) => ({ w: 'putUser', user: record(row) }),
  },
  logins: {
    ...{ from: 'logins', keys: ['login'], columns: ['cast(user_id as text) as user_id'] },
    write: (row) => ({ w: 'putLogin', login: of(row, 'login'), userId: of(row, 'user_id') }),
  },
  tokens: {
    ...{ from: 'tokens', keys: ['hash'], columns: ['record'] },
    write: (row) => ({ w: 'putToken', token: record(row) }),
  },
  tells: {
    ...{ from: 'tells', keys: ['owner', '#seq', 'hearer'], columns: ['command'], isOwned: true },
    write: (row) => ({
      w: 'putTell',
      tell: { seq: Number(row.seq), to: of(row, 'hearer') as OwnerKey, command: of(row, 'command') },
    }),
  },
  journal: {
    ...{ from: 'journal', keys: ['owner', '#seq'], columns: ['note', 'at'], isOwned: true },
    write: (row) => ({ w: 'putRow', row: { seq: Number(row.seq), note: of(row, 'note'), at: Number(row.at) } }),
  },
  nonces: {
    from: 'nonces',
    keys: ['#slot', '#channel_id', '#author_id', 'nonce'],
    columns: ['cast(message_id as text) as message_id', 'at'],
    write: (row) => ({
      ...{ w: 'putNonce', channelId: of(row, 'channel_id'), author: of(row, 'author_id'), nonce: of(row, 'nonce') },
      ...{ messageId: of(row, 'message_id'), at: Number(row.at) },
    }),
  },
  results: {
    ...{ from: 'results', keys: ['#slot', 'owner', 'command_id'], columns: ['result', 'at'], isOwned: true },
    write: (row) => ({
      w: 'putResult',
      commandId: of(row, 'command_id'),
      result: of(row, 'result'),
      at: Number(row.at),
    }),
  },
};

/** `isFirst`: it has no place to go on after. */
function prepareScan(db: DatabaseSync, { from, keys, columns }: Shape, isFirst: boolean): StatementSync {
  const bare = keys.map((key) => key.replace('#', ''));
  const shown = keys.map((key, at) => (key.startsWith('#') ? `cast(${bare[at]} as text) as ${bare[at]}` : key));
  const params = keys.map((key, at) => (key.startsWith('#') ? `cast(?${at + 2} as integer)` : `?${at + 2}`));
  const where = isFirst ? '' : `where (${bare.join(', ')}) > (${params.join(', ')})`;
  // With its table: a bare name would mean the text that is shown of it.
  const table = from.split(' ')[0];
  const order = bare.map((key) => `${table}.${key}`).join(', ');
  return db.prepare(`select ${[...shown, ...columns].join(', ')} from ${from} ${where} order by ${order} limit ?1`);
}

class SqliteScan implements TransferSource {
  readonly #statements = new Map<string, StatementSync>();

  constructor(
    readonly db: DatabaseSync,
    readonly release: () => void,
  ) {}

  async scan(table: TransferTable, after: string | null, limit: number): Promise<readonly TransferRow[]> {
    const { keys, write, isOwned = false } = SHAPES[table];
    const place = after === null ? [] : parseOwn<string[]>(after);
    assert(place.length === 0 || place.length === keys.length, 'a place is a key');
    return all<Row>(this.#statement(table, after === null), limit, ...place).map((row) => ({
      key: JSON.stringify(keys.map((key) => of(row, key.replace('#', '')))),
      owner: isOwned ? (of(row, 'owner') as OwnerKey) : null,
      write: write(row),
    }));
  }

  async count(table: TransferTable): Promise<number> {
    const [first] = SHAPES[table].from.split(' ');
    return Number(this.db.prepare(`select count(*) as count from ${first}`).get()?.count);
  }

  async epoch(): Promise<number> {
    return Number(this.db.prepare("select value from meta where name = 'epoch'").get()?.value);
  }

  async close(): Promise<void> {
    this.db.close();
    this.release();
  }

  #statement(table: TransferTable, isFirst: boolean): StatementSync {
    const name = `${table} ${isFirst}`;
    const known = this.#statements.get(name);
    if (known !== undefined) return known;
    const made = prepareScan(this.db, SHAPES[table], isFirst);
    this.#statements.set(name, made);
    return made;
  }
}

/** Throws with a sentence: there is no store, or a server runs on it. */
export function openSqliteSource(dir: string): TransferSource {
  const look = lookAtStore(dir);
  if (look.store !== 'ours') throw new Error(unusableStore(dir, look) ?? `There is no store in ${dir}.`);
  const lock = lockDirectory(dir);
  try {
    const db = openWriter(`${dir}/guildhall.db`);
    migrate(db);
    return new SqliteScan(db, () => lock.close());
  } catch (error) {
    lock.close();
    throw error;
  }
}

export async function openSqliteTarget(dir: string, epoch: number): Promise<TransferTarget> {
  const threads = await openSqlite({ dir, readers: 1, epochsAbove: epoch });
  const store: Store = connectStore(threads.connect());
  const scan = new SqliteScan(openReader(`${dir}/guildhall.db`), () => {});
  return {
    committer: store,
    scan: (...args) => scan.scan(...args),
    count: (table) => scan.count(table),
    epoch: () => scan.epoch(),
    close: async () => {
      await scan.close();
      await store.close();
      await threads.close();
    },
  };
}
