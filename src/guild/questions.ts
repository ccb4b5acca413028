/** Questions answered from the state, outside the mailbox. They change nothing and tell nobody more than he may know. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { compareSnowflakes, type Snowflake } from '../protocol/ids.ts';
import type { BanRecord } from '../protocol/records.ts';
import { channelBits, channelFor, guildRefusal, isCategory, isRefusal, memberFor } from './guards.ts';
import { SERVER } from './hierarchy.ts';
import { searchMembers } from './member-chunks.ts';
import { memberOrder } from './member-order.ts';
import { renderChannel } from './render-channel.ts';
import { isInviteAlive, renderFullInvite, renderGuild, renderInvite, renderPreview } from './render-guild.ts';
import { renderBan, renderMember, renderRole, renderVoice } from './render-member.ts';
import type { GuildState } from './state.ts';
import { seesChannel, visibleChannels } from './visibility.ts';

type Of<K extends Question['ask']> = Question & { readonly ask: K };

const ok = (value: unknown): Reply => ({ ok: value });

export function answer(state: GuildState, question: Question, now: number): Reply {
  switch (question.ask) {
    case 'guild':
      return guildRefusal(state, question.by, now) ?? ok(renderGuild(state, question.withCounts));
    case 'guildPreview':
      return guildRefusal(state, question.by, now) ?? ok(renderPreview(state));
    case 'roles':
      return guildRefusal(state, question.by, now) ?? ok([...state.roles.values()].map(renderRole));
    case 'role':
      return role(state, question, now);
    case 'channels':
      return guildRefusal(state, question.by, now) ?? ok(visible(state, question.by).map(renderChannel));
    case 'channel': {
      const channel = channelFor(state, question.by, question.channelId, now);
      return isRefusal(channel) ? channel : ok(renderChannel(channel));
    }
    case 'members':
      return guildRefusal(state, question.by, now) ?? ok(membersAfter(state, question.after, question.limit));
    case 'member': {
      const member = memberFor(state, question.by, question.userId, now);
      return isRefusal(member) ? member : ok(renderMember(member));
    }
    case 'searchMembers': {
      const { by, query, limit } = question;
      return guildRefusal(state, by, now) ?? ok(searchMembers(state, query, limit).map(renderMember));
    }
    case 'bans':
      return guildRefusal(state, question.by, now, P.BanMembers) ?? ok(bansPage(state, question));
    case 'ban': {
      const no = guildRefusal(state, question.by, now, P.BanMembers);
      const ban = state.bans.get(question.userId);
      return no ?? (ban === undefined ? refuse('unknownBan') : ok(renderBan(ban)));
    }
    case 'invites':
      return invites(state, question, now);
    case 'invite': {
      const invite = state.invites.get(question.code);
      if (invite === undefined || !isInviteAlive(invite, now)) return refuse('unknownInvite');
      return ok(renderInvite(state, invite, question.withCounts));
    }
    case 'voiceState':
      return voiceStateOf(state, question, now);
    case 'mayRead':
      return mayRead(state, question, now);
    case 'maySend':
      return maySend(state, question, now);
    default:
      return refuse('notFound');
  }
}

const visible = (state: GuildState, by: Snowflake) =>
  by === SERVER ? [...state.channels.values()] : visibleChannels(state, by);

function role(state: GuildState, { by, roleId }: Of<'role'>, now: number): Reply {
  const found = state.roles.get(roleId);
  return guildRefusal(state, by, now) ?? (found === undefined ? refuse('unknownRole') : ok(renderRole(found)));
}

function membersAfter(state: GuildState, after: Snowflake, limit: number) {
  const order = memberOrder(state);
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareSnowflakes(order[middle] ?? '0', after) > 0) high = middle;
    else low = middle + 1;
  }
  return order.slice(low, low + limit).flatMap((id) => {
    const member = state.members.get(id);
    return member === undefined ? [] : renderMember(member);
  });
}

/** Ascending by user id; with `before` the last ones before it. */
function bansPage(state: GuildState, { before, after, limit }: Of<'bans'>) {
  const all = [...state.bans.values()].sort((a, b) => compareSnowflakes(a.user.id, b.user.id));
  const inside = all.filter(({ user }) => isBetween(user.id, before, after));
  const page: readonly BanRecord[] = before === null ? inside.slice(0, limit) : inside.slice(-limit);
  return page.map(renderBan);
}

function isBetween(id: Snowflake, before: Snowflake | null, after: Snowflake | null): boolean {
  const isBefore = before === null || compareSnowflakes(id, before) < 0;
  return isBefore && (after === null || compareSnowflakes(id, after) > 0);
}

function invites(state: GuildState, { by, channelId }: Of<'invites'>, now: number): Reply {
  if (channelId === null) {
    const no = guildRefusal(state, by, now, P.ManageGuild);
    if (no) return no;
  } else {
    const channel = channelFor(state, by, channelId, now, P.ManageChannels);
    if (isRefusal(channel)) return channel;
  }
  const alive = [...state.invites.values()].filter((invite) => isInviteAlive(invite, now));
  const wanted = alive.filter(({ channel_id }) => channelId === null || channel_id === channelId);
  return ok(wanted.map((invite) => renderFullInvite(state, invite)));
}

function voiceStateOf(state: GuildState, { by, userId }: Of<'voiceState'>, now: number): Reply {
  const no = guildRefusal(state, by, now);
  if (no) return no;
  const voice = state.voice.get(userId);
  const channel = voice === undefined ? undefined : state.channels.get(voice.channelId);
  if (voice === undefined || channel === undefined) return refuse('unknownVoiceState');
  if (by !== SERVER && !seesChannel(state, by, channel)) return refuse('unknownVoiceState');
  return ok(renderVoice(state, voice, voice.channelId));
}

/** Who sees the channel but not its history is answered too: REST shows him an empty list, as the original does. */
function mayRead(state: GuildState, { by, channelId }: Of<'mayRead'>, now: number): Reply {
  const channel = channelFor(state, by, channelId, now);
  if (isRefusal(channel)) return channel;
  if (isCategory(channel)) return refuse('wrongChannelType');
  const permissions = channelBits(state, by, channel, now).toString();
  return ok({ generation: state.generations.get(channelId) ?? channel.last_message_id, permissions });
}

function maySend(state: GuildState, { by, channelId, attach }: Of<'maySend'>, now: number): Reply {
  const channel = channelFor(state, by, channelId, now, P.SendMessages | (attach ? P.AttachFiles : 0n));
  if (isRefusal(channel)) return channel;
  return isCategory(channel) ? refuse('cannotSendInVoice') : ok(null);
}
