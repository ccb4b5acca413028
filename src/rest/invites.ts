/** Invites (docs/resources/invite). */
import { Fault } from '../protocol/errors.ts';
import { guildKey, type OwnerKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { refused } from './refused.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { inviteCreate } from './schemas.ts';

/** 48 bits: nobody guesses one that works. */
const CODE_BYTES = 6;
/** One of a million living invites is met by chance once in 280 million draws. */
const DRAWS = 3;
const DAY_SECONDS = 86_400;

async function createChannelInvite(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  const form = await call.body(inviteCreate);
  const owner = await guildOfChannel(call, channelId);
  const invite = {
    code: await freeCode(call),
    maxAge: form.max_age ?? DAY_SECONDS,
    maxUses: form.max_uses ?? 0,
    temporary: form.temporary ?? false,
    unique: form.unique ?? false,
  };
  return ok(await call.ask(owner, { kind: 'createInvite', by: call.by, channelId, ...invite }));
}

/** No owner has a code for itself: the last guild that stores one has it, whoever had it before. */
async function freeCode({ edge }: Call): Promise<string> {
  const { random, store } = edge.deps;
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const code = random.secret(CODE_BYTES);
    if ((await store.invite(code)) === null) return code;
  }
  throw new Fault('overloaded', true, 'no invite code is free');
}

async function listChannelInvites(call: Call): Promise<Outcome> {
  const channelId = call.id('channelId');
  return ok(await call.read(await guildOfChannel(call, channelId), { ask: 'invites', by: call.userId, channelId }));
}

async function guildOfChannel(call: Call, channelId: string): Promise<OwnerKey> {
  const owner = await call.edge.owners.of(channelId);
  if (owner.startsWith('d:')) throw refused('notInDm');
  return owner;
}

async function getGuildInvites(call: Call): Promise<Outcome> {
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'invites', by: call.userId, channelId: null }));
}

/** Who knows the code may see what it leads to, also without an account. */
async function getInvite(call: Call): Promise<Outcome> {
  const { code, guild } = await find(call);
  return ok(await call.read(guild, { ask: 'invite', code, withCounts: call.query.flag('with_counts') }));
}

async function acceptInvite(call: Call): Promise<Outcome> {
  const { code, guild } = await find(call);
  return ok(await call.ask(guild, { kind: 'useInvite', by: call.by, code }));
}

async function deleteInvite(call: Call): Promise<Outcome> {
  const { code, guild } = await find(call);
  return ok(await call.ask(guild, { kind: 'deleteInvite', by: call.by, code }));
}

async function find(call: Call): Promise<{ readonly code: string; readonly guild: OwnerKey }> {
  const code = call.param('code');
  const invite = /^[\w-]{2,100}$/.test(code) ? await call.edge.deps.store.invite(code) : null;
  if (invite === null) throw refused('unknownInvite');
  return { code, guild: guildKey(invite.guild_id) };
}

export const inviteRoutes: readonly Route[] = [
  route('GET', '/channels/:channelId/invites', listChannelInvites),
  route('POST', '/channels/:channelId/invites', createChannelInvite),
  route('GET', '/guilds/:guildId/invites', getGuildInvites),
  route('GET', '/invites/:code', getInvite, { who: 'anyone', counted: 'here' }),
  route('POST', '/invites/:code', acceptInvite, { who: 'person' }),
  route('DELETE', '/invites/:code', deleteInvite),
];
