/** Each thing that a copy carries as its tables have it: where it lies, and the write that makes it again. */
import { groupsOf } from '../../base/groups-of.ts';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { Write } from '../../protocol/writes.ts';
import { bucketOf } from '../buckets.ts';
import type { TransferTable } from '../transfer.ts';
import type { Queries } from './cluster.ts';

/** ids and counters are decimal text, int columns numbers; what was not written is null. */
export type Row = Readonly<Record<string, unknown>>;
export type Lookup = Pick<Queries, 'rows'>;

/** A table, or what of it is read. */
export interface Part {
  readonly table: string;
  readonly partition: readonly string[];
  /** All in one direction. */
  readonly clustering: readonly string[];
  readonly isDescending?: boolean;
  /** A row is a partition: of the table only what its partitions have as a whole is read. */
  readonly isStatic?: boolean;
  readonly columns: readonly string[];
}

export interface Shape {
  /** One after the other. */
  readonly parts: readonly Part[];
  /** For each row its write; null: there is nothing to make of it. */
  readonly writes: (rows: readonly Row[], lookup: Lookup) => Promise<readonly (Write | null)[]>;
  /** The column that says in whose batch it must be. */
  readonly owner?: string;
  /** What is counted, when not every row is one. */
  readonly count?: {
    readonly select: string;
    readonly group?: string;
    readonly of: (row: Row) => number;
  };
}

/** Ids of one question. */
const IDS_AT_ONCE = 100;

const text = (row: Row, name: string): string => {
  const value = row[name];
  return typeof value === 'string' ? value : '';
};
const owned = (row: Row, name = 'owner'): OwnerKey => text(row, name) as OwnerKey;
const record = <T>(row: Row): T => parseOwn<T>(text(row, 'record'));
const isThere = (row: Row, name: string): boolean => row[name] !== null && row[name] !== undefined;

const each =
  (write: (row: Row) => Write): Shape['writes'] =>
  async (rows) =>
    rows.map((row) => write(row));

function table(name: string, partition: string, clustering: string, columns: string): Part {
  const words = (list: string): string[] => list.split(' ').filter((word) => word !== '');
  return { table: name, partition: words(partition), clustering: words(clustering), columns: words(columns) };
}

/** Rows of one kind among all that a guild has. */
function ofGuild(kind: string, writes: Shape['writes']): Shape {
  return {
    parts: [table('guild_rows', 'guild_id', 'kind key', 'record')],
    writes: async (rows, lookup) => {
      const wanted = rows.filter((row) => row.kind === kind);
      const made = await writes(wanted, lookup);
      const found = new Map(wanted.map((row, at) => [row, made[at] ?? null]));
      return rows.map((row) => found.get(row) ?? null);
    },
    count: {
      ...{ select: 'guild_id, kind, count(*) as count', group: 'guild_id, kind' },
      of: (row) => (row.kind === kind ? Number(row.count) : 0),
    },
  };
}

const rowWrite = (row: Row): Write => ({
  w: 'putRow',
  row: { seq: Number(row.seq), note: text(row, 'note'), at: Number(row.at) },
});

export const SHAPES: Readonly<Record<TransferTable, Shape>> = {
  messages: {
    parts: [{ ...table('messages', 'channel_id bucket', 'message_id', 'author_id wire'), isDescending: true }],
    // Half a row is what a late write has left of a deleted message.
    writes: async (rows) =>
      rows.map((row) =>
        isThere(row, 'author_id') && isThere(row, 'wire')
          ? {
              w: 'putMessage',
              message: {
                ...{ id: text(row, 'message_id'), channel_id: text(row, 'channel_id') },
                ...{ author_id: text(row, 'author_id'), wire: parseOwn(text(row, 'wire')) },
              },
            }
          : null,
      ),
  },
  reactions: { parts: [table('reactors', 'channel_id message_id', 'emoji user_id', '')], writes: reactionWrites },
  pins: {
    parts: [table('pins', 'channel_id', 'message_id', 'at')],
    writes: each((row) => ({
      ...{ w: 'putPin', channelId: text(row, 'channel_id'), messageId: text(row, 'message_id'), at: text(row, 'at') },
    })),
  },
  channelOwners: {
    parts: [{ ...table('channels', 'channel_id', '', 'owner'), isStatic: true }],
    writes: async (rows) =>
      rows.map((row) =>
        isThere(row, 'owner') ? { w: 'putChannelOwner', channelId: text(row, 'channel_id'), owner: owned(row) } : null,
      ),
    count: { select: 'distinct channel_id, owner', of: (row) => (isThere(row, 'owner') ? 1 : 0) },
  },
  roles: ofGuild(
    'role',
    each((row) => ({ w: 'putRole', guildId: text(row, 'guild_id'), role: record(row) })),
  ),
  members: { parts: [table('members', 'guild_id slice', 'user_id', 'record')], writes: memberWrites },
  bans: ofGuild(
    'ban',
    each((row) => ({ w: 'putBan', guildId: text(row, 'guild_id'), ban: record(row) })),
  ),
  channels: ofGuild('channel', async (rows, lookup) => {
    const last = await lastMessages(
      lookup,
      rows.map((row) => text(row, 'key')),
    );
    return rows.map((row) => ({
      ...{ w: 'putChannel', channel: { ...record(row), last_message_id: last.get(text(row, 'key')) ?? null } },
    }));
  }),
  guilds: ofGuild(
    'guild',
    each((row) => ({ w: 'putGuild', guild: record(row) })),
  ),
  invites: {
    parts: [table('invites', 'code', '', 'record')],
    writes: each((row) => ({ w: 'putInvite', invite: record(row) })),
  },
  dms: {
    parts: [table('dms', 'owner', '', 'id record')],
    writes: async (rows, lookup) => {
      const last = await lastMessages(
        lookup,
        rows.map((row) => text(row, 'id')),
      );
      return rows.map((row) => ({
        ...{ w: 'putDm', dm: { ...record(row), last_message_id: last.get(text(row, 'id')) ?? null } },
      }));
    },
  },
  openDms: {
    parts: [table('open_dms', 'user_id', 'owner', '')],
    writes: each((row) => ({ w: 'putDmOpen', userId: text(row, 'user_id'), owner: owned(row), open: true })),
  },
  applications: {
    parts: [table('applications', 'id', '', 'record')],
    writes: each((row) => ({ w: 'putApplication', application: record(row) })),
  },
  commands: {
    parts: [table('commands', 'application_id', 'id', 'record')],
    writes: each((row) => ({ w: 'putCommand', command: record(row) })),
  },
  heard: {
    parts: [table('heard', 'user_id', 'teller', 'seq')],
    writes: each((row) => ({
      ...{ w: 'putHeard', user: text(row, 'user_id'), teller: owned(row, 'teller'), seq: Number(row.seq) },
    })),
  },
  users: {
    parts: [table('users', 'id', '', 'record')],
    writes: each((row) => ({ w: 'putUser', user: record(row) })),
  },
  logins: {
    parts: [table('logins', 'login', '', 'user_id')],
    writes: each((row) => ({ w: 'putLogin', login: text(row, 'login'), userId: text(row, 'user_id') })),
  },
  tokens: {
    parts: [table('tokens', 'hash', '', 'record')],
    writes: each((row) => ({ w: 'putToken', token: record(row) })),
  },
  tells: {
    ...{ parts: [table('tells', 'owner', 'seq hearer', 'command')], owner: 'owner' },
    writes: each((row) => ({
      ...{ w: 'putTell', tell: { seq: Number(row.seq), to: owned(row, 'hearer'), command: text(row, 'command') } },
    })),
  },
  journal: {
    // The newest row of an owner outlives those before it in a table of its own.
    parts: [
      { ...table('journal', 'owner', 'seq', 'note at'), isDescending: true },
      table('journal_heads', 'owner', '', 'seq note at'),
    ],
    ...{ owner: 'owner', writes: each(rowWrite) },
  },
  nonces: {
    parts: [table('nonces', 'channel_id', 'author_id nonce', 'message_id at')],
    writes: each((row) => ({
      ...{ w: 'putNonce', channelId: text(row, 'channel_id'), author: text(row, 'author_id') },
      ...{ nonce: text(row, 'nonce'), messageId: text(row, 'message_id'), at: Number(row.at) },
    })),
  },
  results: {
    ...{ parts: [table('results', 'owner', 'command_id', 'result at')], owner: 'owner' },
    writes: each((row) => ({
      ...{ w: 'putResult', commandId: text(row, 'command_id'), result: text(row, 'result'), at: Number(row.at) },
    })),
  },
};

function groups(ids: Iterable<Snowflake>): Snowflake[][] {
  return groupsOf([...new Set(ids)], IDS_AT_ONCE);
}

/** A channel's own last message is not in its record. */
async function lastMessages({ rows }: Lookup, ids: readonly Snowflake[]): Promise<ReadonlyMap<string, string>> {
  const last = new Map<string, string>();
  const select = 'select distinct channel_id, last_message_id from {}.channels where channel_id in ?';
  for (const some of groups(ids)) {
    for (const row of await rows<Row>(select, [some])) {
      if (isThere(row, 'last_message_id')) last.set(text(row, 'channel_id'), text(row, 'last_message_id'));
    }
  }
  return last;
}

/** The row that made a membership lies with the user. */
async function memberWrites(rows: readonly Row[], lookup: Lookup): Promise<readonly (Write | null)[]> {
  const ofGuilds = Map.groupBy(rows, (row) => text(row, 'guild_id'));
  const seqs = new Map<string, number>();
  const select = 'select user_id, seq from {}.memberships where user_id in ? and guild_id = ?';
  for (const [guildId, members] of ofGuilds) {
    for (const some of groups(members.map((row) => text(row, 'user_id')))) {
      const found = await lookup.rows<Row>(select, [some, guildId]);
      for (const row of found) seqs.set(`${guildId} ${text(row, 'user_id')}`, Number(row.seq ?? 0));
    }
  }
  return rows.map((row) => {
    const guildId = text(row, 'guild_id');
    const seq = seqs.get(`${guildId} ${text(row, 'user_id')}`);
    return seq === undefined ? null : { w: 'putMember', guildId, member: record(row), seq };
  });
}

/** When an emoji was first used on a message is in the message's own row. */
async function reactionWrites(rows: readonly Row[], lookup: Lookup): Promise<readonly (Write | null)[]> {
  const bucketed = Map.groupBy(rows, (row) => `${text(row, 'channel_id')} ${bucketOf(text(row, 'message_id'))}`);
  const counts = new Map<string, Readonly<Record<string, string>>>();
  const select = `select message_id, reactions from {}.messages
    where channel_id = ? and bucket = ? and message_id in ?`;
  for (const [key, some] of bucketed) {
    const [channelId = '', bucket = ''] = key.split(' ');
    for (const ids of groups(some.map((row) => text(row, 'message_id')))) {
      const found = await lookup.rows<Row>(select, [channelId, Number(bucket), ids]);
      for (const row of found) {
        counts.set(text(row, 'message_id'), (row.reactions ?? {}) as Readonly<Record<string, string>>);
      }
    }
  }
  return rows.map((row) => {
    const [messageId, emoji] = [text(row, 'message_id'), text(row, 'emoji')];
    const [firstAt] = counts.get(messageId)?.[emoji]?.split(':') ?? [];
    if (firstAt === undefined) return null;
    const [channelId, userId] = [text(row, 'channel_id'), text(row, 'user_id')];
    return { w: 'putReaction', channelId, messageId, emoji, userId, at: Number(firstAt) };
  });
}
