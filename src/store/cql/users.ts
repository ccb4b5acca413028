/** Accounts, tokens and applications on Cassandra. */
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import type { UsersPort } from '../ports.ts';
import type { UserWrite, WriteHandlers } from '../subjects.ts';
import type { Db } from './db.ts';
import type { Known, Ops } from './draft.ts';
import { STAMP } from './entries.ts';
import { jsonArray, quote, type ReadsAsText, record, recordOf, records } from './queries.ts';

export const userKnown: Readonly<Record<string, Known>> = {
  putUser: { at: 'i ?1', cql: 'insert into {}.users (id, record) values (?1, ?2) using timestamp ?s' },
  putLogin: { at: 't ?1', cql: 'insert into {}.logins (login, user_id) values (?1, ?2) using timestamp ?s' },
  deleteLogin: { at: 't ?1', cql: 'delete from {}.logins using timestamp ?s where login = ?1' },
  putToken: { at: 't ?1', cql: 'insert into {}.tokens (hash, user_id, record) values (?1, ?2, ?3) using timestamp ?s' },
  putTokenByUser: {
    at: 'i ?1',
    cql: 'insert into {}.tokens_by_user (user_id, hash) values (?1, ?2) using timestamp ?s',
  },
  deleteToken: {
    arity: 1,
    run: async (draft, [hash = '']) => {
      const select = 'select user_id from {}.tokens where hash = ?';
      const found = await draft.db.cluster.first<{ user_id: Snowflake }>(select, [hash]);
      draft.put(`t ${hash}`, 'delete from {}.tokens using timestamp ? where hash = ?', [STAMP, hash]);
      if (found === null) return;
      const cql = 'delete from {}.tokens_by_user using timestamp ? where user_id = ? and hash = ?';
      draft.put(`i ${found.user_id}`, cql, [STAMP, found.user_id, hash]);
    },
  },
  putApplication: {
    at: 'i ?1',
    cql: 'insert into {}.applications (id, owner_id, record) values (?1, ?2, ?3) using timestamp ?s',
  },
  putApplicationByOwner: {
    at: 'i ?1',
    cql: 'insert into {}.applications_by_owner (owner_id, id) values (?1, ?2) using timestamp ?s',
  },
  putCommand: {
    at: 'i ?1',
    cql: 'insert into {}.commands (application_id, id, record) values (?1, ?2, ?3) using timestamp ?s',
  },
  deleteCommand: {
    at: 'i ?1',
    cql: 'delete from {}.commands using timestamp ?s where application_id = ?1 and id = ?2',
  },
  putHeard: { at: 'i ?1', cql: 'insert into {}.heard (user_id, teller, seq) values (?1, ?2, ?3) using timestamp ?s' },
};

export const userWrites: WriteHandlers<UserWrite, Ops> = {
  putUser: ({ user }) => ['putUser', user.user.id, JSON.stringify(user)],
  // No light-weight transaction: the actor of a name is the only one that writes it, and the lease makes it one.
  putLogin: ({ login, userId }) => ['putLogin', login, userId],
  deleteLogin: ({ login }) => ['deleteLogin', login],
  putToken: ({ token }) => [
    ...['putToken', token.hash, token.user, JSON.stringify(token)],
    ...['putTokenByUser', token.user, token.hash],
  ],
  deleteToken: ({ hash }) => ['deleteToken', hash],
  putApplication: ({ application: { id, owner }, application }) => [
    ...['putApplication', id, owner, JSON.stringify(application), 'putApplicationByOwner', owner, id],
  ],
  putCommand: ({ command }) => ['putCommand', command.application_id, command.id, JSON.stringify(command)],
  deleteCommand: ({ application, id }) => ['deleteCommand', application, id],
  putHeard: ({ user, teller, seq }) => ['putHeard', user, teller, seq],
};

export function userReads({ cluster }: Db): ReadsAsText<Omit<UsersPort, 'guildsOf' | 'dmsOf'>> {
  const user = (id: Snowflake) => recordOf(cluster, 'select record from {}.users where id = ?', id);
  const token = (hash: string) => record(cluster, 'select record from {}.tokens where hash = ?', [hash]);
  const there = (texts: readonly string[]): string => jsonArray(texts.filter((text) => text !== 'null'));
  return {
    user,
    users: async (ids) => there(await Promise.all(ids.map(user))),
    userByLogin: async (login) => {
      const select = 'select user_id from {}.logins where login = ?';
      return quote((await cluster.first<{ user_id: Snowflake }>(select, [login]))?.user_id ?? null);
    },
    heardBy: async (id) => {
      const select = 'select teller, seq from {}.heard where user_id = ?';
      const rows = await cluster.rows<{ teller: OwnerKey; seq: string }>(select, [id]);
      return JSON.stringify(rows.map(({ teller, seq }) => [teller, Number(seq)]));
    },
    token,
    tokensOf: async (id) => {
      const select = 'select hash from {}.tokens_by_user where user_id = ?';
      const rows = await cluster.rows<{ hash: string }>(select, [id]);
      return there(await Promise.all(rows.map(({ hash }) => token(hash))));
    },
    application: (id) => recordOf(cluster, 'select record from {}.applications where id = ?', id),
    applicationsOf: async (owner) => {
      const rows = await cluster.rows<{ id: Snowflake }>('select id from {}.applications_by_owner where owner_id = ?', [
        owner,
      ]);
      const select = 'select owner_id, record from {}.applications where id = ?';
      const found = await Promise.all(
        rows.map(({ id }) => cluster.first<{ owner_id: Snowflake; record: string }>(select, [id])),
      );
      // One that was given to somebody else is listed under both.
      return jsonArray(found.flatMap((row) => (row !== null && row.owner_id === owner ? [row.record] : [])));
    },
    commandsOf: async (id) =>
      jsonArray(await records(cluster, 'select record from {}.commands where application_id = ?', [id])),
  };
}
