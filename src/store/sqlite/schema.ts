/**
 * The tables of the embedded store, as a list of steps: step N brings a store from version N to N + 1. A step that was released is never edited.
 * Ids are INTEGER columns; they travel as decimal text in both directions (SQLite converts text to the column's type without loss), so that
 * no BigInt is made per row. Messages lie ascending: SQLite reads a key in both directions alike, but pages that grow at their low end
 * stay half empty (measured: 40 % more disk, a third less speed).
 */
import type { DatabaseSync } from 'node:sqlite';

/** "GLD1": tells this store's file from any other database. */
export const APPLICATION_ID = 0x474c4431;

const FIRST = `
create table meta (name text primary key, value any) strict, without rowid;
insert into meta values ('epoch', 0);

create table messages (
  channel_id integer not null, bucket integer not null, id integer not null, author_id integer not null, wire text not null,
  primary key (channel_id, bucket, id)
) strict, without rowid;
create table channel_buckets (
  channel_id integer not null, bucket integer not null, primary key (channel_id, bucket)
) strict, without rowid;
create table reactions (
  channel_id integer not null, message_id integer not null, emoji text not null, user_id integer not null,
  primary key (channel_id, message_id, emoji, user_id)
) strict, without rowid;
create table reaction_counts (
  channel_id integer not null, message_id integer not null, emoji text not null, count integer not null, first_at integer not null,
  primary key (channel_id, message_id, emoji)
) strict, without rowid;
create trigger reaction_gone after delete on reactions begin
  update reaction_counts set count = count - 1
    where channel_id = old.channel_id and message_id = old.message_id and emoji = old.emoji;
  delete from reaction_counts
    where channel_id = old.channel_id and message_id = old.message_id and emoji = old.emoji and count <= 0;
end;
create table pins (
  channel_id integer not null, message_id integer not null, at text not null, primary key (channel_id, message_id)
) strict, without rowid;
create table nonces (
  slot integer not null, channel_id integer not null, author_id integer not null, nonce text not null, message_id integer not null,
  at integer not null, primary key (slot, channel_id, author_id, nonce)
) strict, without rowid;

create table guilds (id integer primary key, record text not null) strict;
create table channels (
  guild_id integer not null, id integer not null, record text not null, primary key (guild_id, id)
) strict, without rowid;
create table last_messages (channel_id integer primary key, message_id integer) strict;
create table channel_owners (channel_id integer primary key, owner text not null) strict;
create table roles (
  guild_id integer not null, id integer not null, record text not null, primary key (guild_id, id)
) strict, without rowid;
create table members (
  guild_id integer not null, user_id integer not null, record text not null, primary key (guild_id, user_id)
) strict, without rowid;
create table memberships (
  user_id integer not null, guild_id integer not null, seq integer not null, primary key (user_id, guild_id)
) strict, without rowid;
create table bans (
  guild_id integer not null, user_id integer not null, record text not null, primary key (guild_id, user_id)
) strict, without rowid;
create table invites (code text primary key, guild_id integer not null, record text not null) strict, without rowid;
create index invites_of_guild on invites (guild_id);
create table dms (owner text primary key, id integer not null, record text not null) strict, without rowid;
create table open_dms (user_id integer not null, owner text not null, primary key (user_id, owner)) strict, without rowid;

create table users (id integer primary key, record text not null) strict;
create table logins (login text primary key, user_id integer not null) strict, without rowid;
create table tokens (hash text primary key, user_id integer not null, record text not null) strict, without rowid;
create index tokens_of_user on tokens (user_id);
create table applications (id integer primary key, owner_id integer not null, record text not null) strict;
create index applications_of_owner on applications (owner_id);
create table commands (
  application_id integer not null, id integer not null, record text not null, primary key (application_id, id)
) strict, without rowid;
create table heard (
  user_id integer not null, teller text not null, seq integer not null, primary key (user_id, teller)
) strict, without rowid;

create table journal (
  owner text not null, seq integer not null, note text not null, at integer not null, primary key (owner, seq)
) strict, without rowid;
create table tells (
  owner text not null, seq integer not null, hearer text not null, command text not null, primary key (owner, seq, hearer)
) strict, without rowid;
create table results (
  slot integer not null, owner text not null, command_id text not null, result text not null, at integer not null,
  primary key (slot, owner, command_id)
) strict, without rowid;
`;

/**
 * Results are long, and their keys come by chance. In the order of its key a table without rowid has whole rows in its upper levels too, four to a page,
 * and nearly every insert would split some; here rows are appended, and only short keys lie by chance.
 */
const RESULTS_APPENDED = `
alter table results rename to results_by_key;
create table results (
  slot integer not null, owner text not null, command_id text not null, result text not null, at integer not null,
  unique (slot, owner, command_id)
) strict;
insert into results select slot, owner, command_id, result, at from results_by_key;
drop table results_by_key;
`;

export const MIGRATIONS: readonly string[] = [FIRST, RESULTS_APPENDED];

/** Brings the store to the program's version, one transaction a step. Throws when the store is of a newer program, or no store of ours. */
export function migrate(db: DatabaseSync, migrations: readonly string[] = MIGRATIONS): void {
  const version = pragma(db, 'user_version');
  const application = pragma(db, 'application_id');
  if (version > migrations.length) {
    throw new Error(
      `The store has version ${version}; this program knows versions up to ${migrations.length}. Start a newer Guildhall.`,
    );
  }
  const foreign = version === 0 ? pragma(db, 'schema_version') > 0 : application !== APPLICATION_ID;
  if (foreign) throw new Error('The database file belongs to another program.');
  for (const [step, sql] of [...migrations.entries()].slice(version)) run(db, sql, step + 1);
}

/** The counter of epochs is at least there. */
export function raiseEpoch(db: DatabaseSync, epoch: number): void {
  db.prepare("update meta set value = max(value, ?1) where name = 'epoch'").run(epoch);
}

function run(db: DatabaseSync, sql: string, version: number): void {
  db.exec('begin immediate');
  try {
    db.exec(`${sql}; pragma application_id = ${APPLICATION_ID}; pragma user_version = ${version}; commit`);
  } catch (error) {
    if (db.isTransaction) db.exec('rollback');
    throw error;
  }
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`pragma ${name}`).get()?.[name] ?? 0);
}
