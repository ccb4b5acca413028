/** Every read of the store over the wire, journals among them. */
import { z } from 'zod';
import type { OwnerKey } from '../../protocol/ids.ts';
import type { StoredRow, StoredTell } from '../../protocol/writes.ts';
import type { JournalPort } from '../ports.ts';
import type { ReadPort } from '../subjects.ts';
import { guildQueries } from './guild-queries.ts';
import { messageQueries } from './message-queries.ts';
import { given, limitTo, listOf, maybeText, owner, type QueriesOf, text } from './query.ts';
import { userQueries } from './user-queries.ts';

const journalQueries: QueriesOf<JournalPort> = {
  rows: {
    rpc: 'Rows',
    request: (key, limit) => ({ owner: key, limit }),
    args: z.object({ owner, limit: limitTo(100_000) }).transform((asked) => [asked.owner, asked.limit] as const),
    answer: (rows) => ({ rows }),
    value: (answer) => listOf<StoredRow>(answer, 'rows'),
  },
  tells: {
    rpc: 'Tells',
    request: (key) => ({ owner: key }),
    args: z.object({ owner }).transform((asked) => [asked.owner] as const),
    answer: (tells) => ({ tells }),
    value: (answer) => listOf<StoredTell>(answer, 'tells'),
  },
  tellers: {
    rpc: 'Tellers',
    request: (after, limit) => given({ after, limit }),
    args: z
      .object({ after: owner.optional(), limit: limitTo(10_000) })
      .transform(({ after, limit }) => [after ?? null, limit] as const),
    answer: (tellers) => ({ ids: tellers }),
    value: (answer) => listOf<OwnerKey>(answer, 'ids'),
  },
  result: {
    rpc: 'Result',
    request: (key, commandId) => ({ owner: key, command_id: commandId }),
    args: z.object({ owner, command_id: text }).transform((asked) => [asked.owner, asked.command_id] as const),
    ...maybeText,
  },
};

/** A page is one call, in whichever form a store gives it on. */
export type ReadName = Exclude<keyof ReadPort, 'pageText'>;

export const QUERIES: QueriesOf<Pick<ReadPort, ReadName>> = {
  ...messageQueries,
  ...guildQueries,
  ...userQueries,
  ...journalQueries,
};
