/**
 * A guild goes with all that names it, page by page: how many members it has does not matter. Its own rows go last, so that who is cut in the middle
 * finds again what is left.
 */
import type { Snowflake } from '../../protocol/ids.ts';
import type { Statement } from './cluster.ts';
import { MEMBER_SLICES } from './guilds.ts';
import type { Hands } from './hands.ts';

/** Rows of one question. */
const PAGE = 1000;
/** Partitions that are written to at once. */
const AT_ONCE = 32;

export async function sweepGuild(hands: Hands, guildId: Snowflake, stamp: string): Promise<void> {
  for (let slice = 0; slice < MEMBER_SLICES; slice += 1) await sweepMembers(hands, guildId, slice, stamp);
  await sweepRows(hands, guildId, stamp);
}

async function sweepMembers(hands: Hands, guildId: Snowflake, slice: number, stamp: string): Promise<void> {
  const select = 'select user_id from {}.members where guild_id = ? and slice = ? and user_id > ? limit ?';
  const forget = 'delete from {}.memberships using timestamp ? where user_id = ? and guild_id = ?';
  for (let after = '-1'; ; ) {
    const page = await hands.read<{ user_id: Snowflake }>(select, [guildId, slice, after, PAGE]);
    await persistEach(
      hands,
      page.map(({ user_id }) => ({ cql: forget, params: [stamp, user_id, guildId] })),
    );
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) break;
    after = last.user_id;
  }
  const cql = 'delete from {}.members using timestamp ? where guild_id = ? and slice = ?';
  await hands.persist([{ cql, params: [stamp, guildId, slice] }], false);
}

/** Channels and invites are named elsewhere, too. */
async function sweepRows(hands: Hands, guildId: Snowflake, stamp: string): Promise<void> {
  const select = 'select key from {}.guild_rows where guild_id = ? and kind = ? and key > ? limit ?';
  for (const [kind, cql] of [
    ['channel', 'delete last_message_id from {}.channels using timestamp ? where channel_id = ?'],
    ['invite', 'delete from {}.invites using timestamp ? where code = ?'],
  ] as const) {
    for (let after = ''; ; ) {
      const page = await hands.read<{ key: string }>(select, [guildId, kind, after, PAGE]);
      await persistEach(
        hands,
        page.map(({ key }) => ({ cql, params: [stamp, key] })),
      );
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) break;
      after = last.key;
    }
  }
  const cql = 'delete from {}.guild_rows using timestamp ? where guild_id = ?';
  await hands.persist([{ cql, params: [stamp, guildId] }], false);
}

/** Each in a partition of its own. Nothing of them is under way any more when it settles. */
async function persistEach({ persist }: Hands, statements: readonly Statement[]): Promise<void> {
  for (let from = 0; from < statements.length; from += AT_ONCE) {
    const some = statements.slice(from, from + AT_ONCE);
    const ends = await Promise.allSettled(some.map((statement) => persist([statement], false)));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}
