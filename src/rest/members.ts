/** Members of a guild and their roles (docs/resources/guild). */
import type { MemberPatch } from '../protocol/commands.ts';
import { guildKey, type OwnerKey, type Snowflake } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { pick, pickFilled } from './compact.ts';
import { Refused, refused } from './refused.ts';
import { created, noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { memberAdd, memberEdit, selfEdit } from './schemas.ts';

/** GATEWAY_GUILD_MEMBERS and its LIMITED twin: the grant also gates this list (wire-rules.md, permissions). */
const GUILD_MEMBERS = (1 << 14) | (1 << 15);

async function listGuildMembers(call: Call): Promise<Outcome> {
  const { kind, application } = call.account;
  if (kind === 'bot' && ((application?.flags ?? 0) & GUILD_MEMBERS) === 0) throw refused('missingAccess');
  const limit = call.query.integer('limit', 1, 1000, 1);
  const after = call.query.snowflake('after') ?? '0';
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'members', by: call.userId, limit, after }));
}

async function searchGuildMembers(call: Call): Promise<Outcome> {
  const query = call.query.text('query') ?? '';
  const limit = call.query.integer('limit', 1, 1000, 1);
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'searchMembers', by: call.userId, query, limit }));
}

async function getGuildMember(call: Call): Promise<Outcome> {
  const userId = call.id('userId');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'member', by: call.userId, userId }));
}

/**
 * A bot adds a person who trusts it with a token of his (this server has no other kind of access token). 204: he is a member already.
 * His token is the proof that he agrees; without it, who he is and whether he exists is not said.
 */
async function addGuildMember(call: Call): Promise<Outcome> {
  const userId = call.id('userId');
  const guild = guildKey(call.id('guildId'));
  const { access_token, nick, roles } = await call.body(memberAdd);
  const owner = await call.edge.deps.authenticate(access_token);
  if (owner?.kind !== 'person' || owner.record.user.id !== userId) throw refused('invalidAccessToken');
  if (await isMember(call, guild, userId)) return noContent;
  const more = { ...(nick ? { nick } : {}), ...(roles ? { roles } : {}) };
  return created(await call.ask(guild, { kind: 'addMember', by: call.by, user: owner.record.user, ...more }));
}

async function isMember(call: Call, guild: OwnerKey, userId: Snowflake): Promise<boolean> {
  try {
    await call.peek(guild, { ask: 'member', by: call.userId, userId });
    return true;
  } catch (error) {
    if (error instanceof Refused && error.refusal.refused === 'unknownMember') return false;
    throw error;
  }
}

async function updateGuildMember(call: Call): Promise<Outcome> {
  const userId = call.id('userId');
  const form = await call.body(memberEdit);
  const patch: MemberPatch = {
    ...pick(form, ['nick', 'roles', 'mute', 'deaf', 'channel_id', 'communication_disabled_until']),
    ...pickFilled(form, ['flags']),
  };
  return ok(await call.ask(guildKey(call.id('guildId')), { kind: 'updateMember', by: call.by, userId, patch }));
}

async function updateMyGuildMember(call: Call): Promise<Outcome> {
  const patch = pick(await call.body(selfEdit), ['nick']);
  const userId = call.userId;
  return ok(await call.ask(guildKey(call.id('guildId')), { kind: 'updateMember', by: call.by, userId, patch }));
}

async function deleteGuildMember(call: Call): Promise<Outcome> {
  await call.ask(guildKey(call.id('guildId')), { kind: 'removeMember', by: call.by, userId: call.id('userId') });
  return noContent;
}

async function addGuildMemberRole(call: Call): Promise<Outcome> {
  const [userId, roleId] = [call.id('userId'), call.id('roleId')];
  await call.ask(guildKey(call.id('guildId')), { kind: 'addMemberRole', by: call.by, userId, roleId });
  return noContent;
}

async function deleteGuildMemberRole(call: Call): Promise<Outcome> {
  const [userId, roleId] = [call.id('userId'), call.id('roleId')];
  await call.ask(guildKey(call.id('guildId')), { kind: 'removeMemberRole', by: call.by, userId, roleId });
  return noContent;
}

export const memberRoutes: readonly Route[] = [
  route('GET', '/guilds/:guildId/members', listGuildMembers),
  route('GET', '/guilds/:guildId/members/search', searchGuildMembers),
  route('PATCH', '/guilds/:guildId/members/@me', updateMyGuildMember),
  /** Before v10's `/members/@me`; discord.js still knows it. */
  route('PATCH', '/guilds/:guildId/members/@me/nick', updateMyGuildMember),
  route('GET', '/guilds/:guildId/members/:userId', getGuildMember),
  route('PUT', '/guilds/:guildId/members/:userId', addGuildMember, { who: 'bot' }),
  route('PATCH', '/guilds/:guildId/members/:userId', updateGuildMember),
  route('DELETE', '/guilds/:guildId/members/:userId', deleteGuildMember),
  route('PUT', '/guilds/:guildId/members/:userId/roles/:roleId', addGuildMemberRole),
  route('DELETE', '/guilds/:guildId/members/:userId/roles/:roleId', deleteGuildMemberRole),
];
