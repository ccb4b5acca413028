/** Accounts, tokens and applications in SQLite. */
import type { DatabaseSync } from 'node:sqlite';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { UsersPort } from '../ports.ts';
import type { UserWrite, WriteHandlers } from '../subjects.ts';
import { all, first, jsonArray, type Ops, quote, type ReadsAsText, record, records } from './queries.ts';

export const userSql = {
  putUser: 'insert into users values (?1, ?2) on conflict do update set record = excluded.record',
  putLogin: 'insert into logins values (?1, ?2) on conflict do update set user_id = excluded.user_id',
  deleteLogin: 'delete from logins where login = ?1',
  putToken: `insert into tokens values (?1, ?2, ?3)
    on conflict do update set user_id = excluded.user_id, record = excluded.record`,
  deleteToken: 'delete from tokens where hash = ?1',
  putApplication: `insert into applications values (?1, ?2, ?3)
    on conflict do update set owner_id = excluded.owner_id, record = excluded.record`,
  putCommand: 'insert into commands values (?1, ?2, ?3) on conflict do update set record = excluded.record',
  deleteCommand: 'delete from commands where application_id = ?1 and id = ?2',
  putHeard: 'insert into heard values (?1, ?2, ?3) on conflict do update set seq = excluded.seq',
};

export const userWrites: WriteHandlers<UserWrite, Ops> = {
  putUser: ({ user }) => ['putUser', user.user.id, JSON.stringify(user)],
  putLogin: ({ login, userId }) => ['putLogin', login, userId],
  deleteLogin: ({ login }) => ['deleteLogin', login],
  putToken: ({ token }) => ['putToken', token.hash, token.user, JSON.stringify(token)],
  deleteToken: ({ hash }) => ['deleteToken', hash],
  putApplication: ({ application }) => [
    ...['putApplication', application.id, application.owner, JSON.stringify(application)],
  ],
  putCommand: ({ command }) => ['putCommand', command.application_id, command.id, JSON.stringify(command)],
  deleteCommand: ({ application, id }) => ['deleteCommand', application, id],
  putHeard: ({ user, teller, seq }) => ['putHeard', user, teller, seq],
};

export function userReads(db: DatabaseSync): ReadsAsText<Omit<UsersPort, 'guildsOf' | 'dmsOf'>> {
  const user = db.prepare('select record from users where id = ?1');
  const login = db.prepare('select cast(user_id as text) as id from logins where login = ?1');
  const heard = db.prepare('select teller, seq from heard where user_id = ?1');
  const token = db.prepare('select record from tokens where hash = ?1');
  const tokens = db.prepare('select record from tokens where user_id = ?1 order by hash');
  const application = db.prepare('select record from applications where id = ?1');
  const applications = db.prepare('select record from applications where owner_id = ?1 order by id');
  const commands = db.prepare('select record from commands where application_id = ?1 order by id');
  return {
    user: (id) => record(user, id),
    users: (ids) => jsonArray(ids.map((id) => record(user, id)).filter((text) => text !== 'null')),
    userByLogin: (name) => quote(first<{ id: Snowflake }>(login, name)?.id ?? null),
    heardBy: (id) => {
      const rows = all<{ teller: OwnerKey; seq: number }>(heard, id);
      return JSON.stringify(rows.map(({ teller, seq }) => [teller, seq]));
    },
    token: (hash) => record(token, hash),
    tokensOf: (id) => records(tokens, id),
    application: (id) => record(application, id),
    applicationsOf: (owner) => records(applications, owner),
    commandsOf: (id) => records(commands, id),
  };
}
