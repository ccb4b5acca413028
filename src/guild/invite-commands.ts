/** Invites: made, deleted, used. One that has ended counts as unknown and leaves when somebody comes by. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { GuildCommand } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { InviteRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { wireTime } from '../protocol/wire-time.ts';
import { BOUNDS } from './bounds.ts';
import { channelBits, channelFor, guildRefusal, isCategory, isRefusal } from './guards.ts';
import { admit } from './join.ts';
import { LITERAL, Outcome } from './outcome.ts';
import { inviteEvent, isInviteAlive, renderFullInvite, renderInvite } from './render-guild.ts';
import type { GuildState } from './state.ts';
import { topicOf } from './visibility.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export function createInvite(state: GuildState, command: Of<'createInvite'>, turn: Turn): Decision {
  const { by, channelId, code, maxAge, maxUses, temporary, unique } = command;
  const channel = channelFor(state, by.id, channelId, turn.now, P.CreateInstantInvite);
  if (isRefusal(channel)) return refused(channel);
  if (isCategory(channel)) return refused(refuse('wrongChannelType'));
  const equal = unique
    ? undefined
    : [...state.invites.values()].find((old) => isEqual(old, command) && isInviteAlive(old, turn.now));
  if (equal) return new Outcome(turn).done(renderFullInvite(state, equal));
  const outcome = new Outcome(turn);
  if (state.invites.size >= BOUNDS.invites) dropInvites(state, outcome, (invite) => !isInviteAlive(invite, turn.now));
  if (state.invites.size >= BOUNDS.invites) return refused(refuse('maxInvites'));
  const invite: InviteRecord = {
    code,
    guild_id: state.guild.id,
    channel_id: channelId,
    inviter: by.self,
    uses: 0,
    max_uses: maxUses,
    max_age: maxAge,
    temporary,
    created_at: wireTime(turn.now),
  };
  state.invites.set(code, invite);
  outcome.write({ w: 'putInvite', invite });
  outcome.event(topicOf(state, channel), 'INVITE_CREATE', inviteEvent(state.guild.id, invite), { note: LITERAL });
  return outcome.done(renderFullInvite(state, invite));
}

/** What a second ask for the same gets, unless it must be unique. */
function isEqual(old: InviteRecord, { by, channelId, maxAge, maxUses, temporary }: Of<'createInvite'>): boolean {
  const isHis = old.inviter?.id === by.id && old.channel_id === channelId;
  return isHis && old.max_age === maxAge && old.max_uses === maxUses && old.temporary === temporary;
}

export function deleteInvite(state: GuildState, command: Of<'deleteInvite'>, turn: Turn): Decision {
  const { by, code } = command;
  const no = guildRefusal(state, by.id, turn.now);
  const invite = state.invites.get(code);
  if (no || invite === undefined) return refused(refuse('unknownInvite'));
  const channel = state.channels.get(invite.channel_id);
  const runsChannel = channel !== undefined && hasBits(channelBits(state, by.id, channel, turn.now), P.ManageChannels);
  const runsGuild = guildRefusal(state, by.id, turn.now, P.ManageGuild) === null;
  if (!runsChannel && !runsGuild) return refused(refuse('missingPermissions'));
  const outcome = new Outcome(turn);
  const reply = renderFullInvite(state, invite);
  dropInvites(state, outcome, (other) => other.code === code);
  return outcome.done(reply);
}

export function dropInvites(state: GuildState, outcome: Outcome, isGone: (invite: InviteRecord) => boolean): void {
  const guildId = state.guild.id;
  for (const { code, channel_id } of [...state.invites.values()].filter(isGone)) {
    state.invites.delete(code);
    outcome.write({ w: 'deleteInvite', code, guildId });
    const channel = state.channels.get(channel_id);
    const topic = channel === undefined ? guildTopic(guildId) : topicOf(state, channel);
    outcome.event(topic, 'INVITE_DELETE', JSON.stringify({ channel_id, guild_id: guildId, code }), { note: LITERAL });
  }
}

export function useInvite(state: GuildState, command: Of<'useInvite'>, turn: Turn): Decision {
  const { by, code } = command;
  const invite = state.invites.get(code);
  if (by.self.bot) return refused(refuse('botsForbidden'));
  if (invite === undefined || !isInviteAlive(invite, turn.now)) return refused(refuse('unknownInvite'));
  if (state.members.has(by.id)) return new Outcome(turn).done({ ...renderInvite(state, invite), new_member: false });
  if (state.bans.has(by.id)) return refused(refuse('userBanned'));
  if (state.members.size >= BOUNDS.members) return refused(refuse('maxMembers'));
  const outcome = new Outcome(turn);
  admit(state, outcome, by.self, turn.now);
  const used: InviteRecord = { ...invite, uses: invite.uses + 1 };
  state.invites.set(code, used);
  if (isInviteAlive(used, turn.now)) outcome.write({ w: 'putInvite', invite: used });
  else dropInvites(state, outcome, (other) => other.code === code);
  return outcome.done({ ...renderInvite(state, used), new_member: true });
}
