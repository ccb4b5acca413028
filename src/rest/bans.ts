/** Bans of a guild (docs/resources/guild). */
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import type { FilesGone } from '../protocol/reads.ts';
import type { PublicUser } from '../protocol/records.ts';
import type { Call } from './call.ts';
import { Refused, refused } from './refused.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { ban, bulkBan } from './schemas.ts';
import { removeFiles } from './tidy-up.ts';

const DAY_SECONDS = 86_400;

async function listGuildBans(call: Call): Promise<Outcome> {
  const limit = call.query.integer('limit', 1, 1000, 1000);
  const [before, after] = [call.query.snowflake('before'), call.query.snowflake('after')];
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'bans', by: call.userId, before, after, limit }));
}

async function getGuildBan(call: Call): Promise<Outcome> {
  const userId = call.id('userId');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'ban', by: call.userId, userId }));
}

/** Days are what older clients send, in the body or in the query. */
async function banUserFromGuild(call: Call): Promise<Outcome> {
  const form = await call.body(ban);
  const days = form.delete_message_days ?? call.query.integer('delete_message_days', 0, 7, 0);
  const deleteMessageSeconds = form.delete_message_seconds ?? days * DAY_SECONDS;
  const [user] = await usersOf(call, [call.id('userId')]);
  if (user === undefined) return unknownUser(call);
  await banOne(call, user, deleteMessageSeconds);
  return noContent;
}

/** What he wrote goes, and with it what he sent. */
async function banOne(call: Call, user: PublicUser, deleteMessageSeconds: number): Promise<void> {
  const guild = guildKey(call.id('guildId'));
  const gone = await call.ask<FilesGone>(guild, { kind: 'ban', by: call.by, user, deleteMessageSeconds });
  await removeFiles(call, gone);
}

/** Who may not ban hears that first. */
async function unknownUser(call: Call): Promise<never> {
  const none = { before: null, after: null, limit: 1 };
  await call.read(guildKey(call.id('guildId')), { ask: 'bans', by: call.userId, ...none });
  throw refused('unknownUser');
}

async function unbanUserFromGuild(call: Call): Promise<Outcome> {
  await call.ask(guildKey(call.id('guildId')), { kind: 'unban', by: call.by, userId: call.id('userId') });
  return noContent;
}

/** One after the other; the answer says who was banned and who was not. Nobody at all is a refusal. */
async function bulkBanUsersFromGuild(call: Call): Promise<Outcome> {
  const form = await call.body(bulkBan);
  const deleteMessageSeconds = form.delete_message_seconds ?? 0;
  const known = new Map((await usersOf(call, form.user_ids)).map((user) => [user.id, user]));
  const banned_users: Snowflake[] = [];
  const failed_users: Snowflake[] = [];
  let why: unknown = refused('unknownUser');
  for (const id of new Set(form.user_ids)) {
    const user = known.get(id);
    try {
      if (user === undefined) throw refused('unknownUser');
      await banOne(call, user, deleteMessageSeconds);
      banned_users.push(id);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      why = error;
      failed_users.push(id);
    }
  }
  if (known.size === 0) return unknownUser(call);
  if (banned_users.length === 0) throw why;
  return ok({ banned_users, failed_users });
}

const usersOf = (call: Call, ids: readonly Snowflake[]): Promise<PublicUser[]> => call.edge.deps.reads.users.many(ids);

export const banRoutes: readonly Route[] = [
  route('GET', '/guilds/:guildId/bans', listGuildBans),
  route('GET', '/guilds/:guildId/bans/:userId', getGuildBan),
  route('PUT', '/guilds/:guildId/bans/:userId', banUserFromGuild),
  route('DELETE', '/guilds/:guildId/bans/:userId', unbanUserFromGuild),
  route('POST', '/guilds/:guildId/bulk-ban', bulkBanUsersFromGuild),
];
