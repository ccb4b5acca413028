/** Accounts, tokens and applications over the wire. */
import { z } from 'zod';
import type { OwnerKey, Snowflake } from '../../protocol/ids.ts';
import { parseOwn } from '../../protocol/json.ts';
import type { ApplicationRecord, CommandRecord, TokenRecord, UserRecord } from '../../protocol/records.ts';
import type { UsersPort } from '../ports.ts';
import { dms, userFields } from './guild-queries.ts';
import { id, ids, listOf, maybeText, type QueriesOf, RECORD, recorded, text } from './query.ts';
import type { Fields } from './wire.ts';

const users = recorded<UserRecord>('users', ({ user }) => userFields(user));

const applications = recorded<ApplicationRecord>('applications', ({ id, name, owner, flags }) => ({
  ...{ id, name, owner_id: owner, flags },
}));

interface WireToken {
  readonly hash: string;
  readonly user_id: Snowflake;
  readonly kind: TokenRecord['kind'];
  readonly created_at: number;
}

const tokenFields = ({ hash, user, kind, createdAt }: TokenRecord): Fields => ({
  ...{ hash, user_id: user, kind, created_at: createdAt },
});

const tokensIn = (answer: Fields): readonly TokenRecord[] =>
  listOf<WireToken>(answer, 'tokens').map(({ hash, user_id, kind, created_at }) => ({
    ...{ hash, user: user_id, kind, createdAt: created_at },
  }));

/** Asked by one id. */
const byId = {
  request: (each: Snowflake): Fields => ({ id: each, form: RECORD }),
  args: z.object({ id }).transform((asked) => [asked.id] as const),
};

/** Asked by one text. */
const byText = {
  request: (each: string): Fields => ({ text: each, form: RECORD }),
  args: z.object({ text }).transform((asked) => [asked.text] as const),
};

export const userQueries: QueriesOf<UsersPort> = {
  user: { rpc: 'GetUser', ...byId, ...users.maybe },
  users: {
    rpc: 'GetUsers',
    request: (asked) => ({ ids: asked, form: RECORD }),
    args: z.object({ ids }).transform((asked) => [asked.ids] as const),
    ...users.many,
  },
  userByLogin: { rpc: 'UserByLogin', ...byText, ...maybeText },
  guildsOf: {
    rpc: 'GuildsOf',
    ...byId,
    answer: (found) => ({ memberships: found.map(({ guild, seq }) => ({ guild_id: guild, seq })) }),
    value: (answer) =>
      listOf<{ readonly guild_id: Snowflake; readonly seq: number }>(answer, 'memberships').map(
        ({ guild_id, seq }) => ({ guild: guild_id, seq }),
      ),
  },
  dmsOf: { rpc: 'DmsOf', ...byId, ...dms.many },
  heardBy: {
    rpc: 'HeardBy',
    ...byId,
    answer: (heard) => ({ tellers: [...heard].map(([teller, seq]) => ({ teller, seq })) }),
    value: (answer) =>
      new Map(
        listOf<{ readonly teller: OwnerKey; readonly seq: number }>(answer, 'tellers').map(({ teller, seq }) => [
          teller,
          seq,
        ]),
      ),
  },
  token: {
    rpc: 'GetToken',
    ...byText,
    answer: (token) => ({ tokens: token === null ? [] : [tokenFields(token)] }),
    value: (answer) => tokensIn(answer)[0] ?? null,
  },
  tokensOf: {
    rpc: 'TokensOf',
    ...byId,
    answer: (tokens) => ({ tokens: tokens.map(tokenFields) }),
    value: tokensIn,
  },
  application: { rpc: 'GetApplication', ...byId, ...applications.maybe },
  applicationsOf: { rpc: 'ApplicationsOf', ...byId, ...applications.many },
  commandsOf: {
    rpc: 'CommandsOf',
    ...byId,
    answer: (commands) => ({ records: commands.map((command) => JSON.stringify(command)) }),
    value: (answer) => listOf<string>(answer, 'records').map((record) => parseOwn<CommandRecord>(record)),
  },
};
