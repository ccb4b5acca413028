/** Bans: the member leaves, may not come back, and what he wrote of late may go with him. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { Command, GuildCommand } from '../protocol/commands.ts';
import { type Decision, done, type Need, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { FilesGone } from '../protocol/reads.ts';
import { snowflakeAt } from '../protocol/snowflake.ts';
import { bansTopic } from '../protocol/topics.ts';
import { BOUNDS } from './bounds.ts';
import { guildRefusal, isCategory } from './guards.ts';
import { isAboveMember } from './hierarchy.ts';
import { dismiss } from './join.ts';
import type { Authored } from './message-cache.ts';
import { LITERAL, Outcome } from './outcome.ts';
import { renderUser } from './render-member.ts';
import type { GuildState } from './state.ts';
import { topicOf } from './visibility.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };
type AuthoredNeed = Need & { readonly need: 'authored' };

/** The need of a command is fixed when it is first asked for, so that its turn asks for the same. */
const asked = new WeakMap<Command, AuthoredNeed>();

/** What a ban must know before its turn: his messages. Empty: it deletes none, will be refused, or knows them. Held until `ban` or `forsake`. */
export function banNeeds(state: GuildState, command: Of<'ban'>, now: number): readonly Need[] {
  if (banRefusal(state, command.by.id, command.user.id, now) !== null) return [];
  const need = needOf(state, command, now);
  return need === null ? [] : state.messages.hold(command, [need]);
}

function needOf(state: GuildState, command: Of<'ban'>, now: number): AuthoredNeed | null {
  if (command.deleteMessageSeconds <= 0) return null;
  let need = asked.get(command);
  if (need === undefined) {
    const channelIds = [...state.channels.values()].filter((channel) => !isCategory(channel)).map(({ id }) => id);
    const since = snowflakeAt(now - command.deleteMessageSeconds * 1000);
    need = { need: 'authored', author: command.user.id, channelIds, since };
    asked.set(command, need);
  }
  return need;
}

function banRefusal(state: GuildState, by: Snowflake, target: Snowflake, now: number): Refusal | null {
  const no = guildRefusal(state, by, now, P.BanMembers);
  if (no) return no;
  return by === target || !isAboveMember(state, by, target) ? refuse('missingPermissions') : null;
}

export function ban(state: GuildState, command: Of<'ban'>, turn: Turn): Decision {
  const { by, user } = command;
  const no = banRefusal(state, by.id, user.id, turn.now);
  if (no) return refused(no);
  if (state.bans.has(user.id)) return done([]);
  const need = needOf(state, command, turn.now);
  const authored = need === null ? [] : state.messages.authored(need);
  if (authored === undefined) return refused(refuse('overloaded'));
  if (state.bans.size >= BOUNDS.bans) return refused(refuse('maxBans'));
  const outcome = new Outcome(turn);
  const guildId = state.guild.id;
  const record = { user: state.members.get(user.id)?.user ?? user, reason: by.reason };
  state.bans.set(user.id, record);
  outcome.write({ w: 'putBan', guildId, ban: record });
  dismiss(state, outcome, user.id);
  const d = JSON.stringify({ guild_id: guildId, user: renderUser(record.user) });
  outcome.event(bansTopic(guildId), 'GUILD_BAN_ADD', d, { note: LITERAL });
  return outcome.done(deleteAuthored(state, outcome, authored, turn));
}

/** -> the files that go with them. */
function deleteAuthored(state: GuildState, outcome: Outcome, authored: Authored, turn: Turn): FilesGone {
  const gone: FilesGone[number][] = [];
  for (const [channelId, messages] of Map.groupBy(authored.slice(0, BOUNDS.bannedMessages), (one) => one.channelId)) {
    const channel = state.channels.get(channelId);
    if (channel === undefined) continue;
    const ids = messages.map(({ id }) => id);
    const files = messages.flatMap((message) => message.files);
    if (files.length > 0) gone.push({ channelId, ids: files });
    outcome.write({ w: 'deleteMessages', channelId, ids });
    for (const id of ids) state.messages.putDeleted(channelId, id);
    state.generations.set(channelId, turn.mint());
    for (let from = 0; from < ids.length; from += BULK) {
      const d = JSON.stringify({ ids: ids.slice(from, from + BULK), channel_id: channelId, guild_id: state.guild.id });
      outcome.event(topicOf(state, channel), 'MESSAGE_DELETE_BULK', d, { note: LITERAL });
    }
  }
  return gone;
}

/** Ids in one MESSAGE_DELETE_BULK, as in a bulk delete. */
const BULK = 100;

export function unban(state: GuildState, command: Of<'unban'>, turn: Turn): Decision {
  const { by, userId } = command;
  const no = guildRefusal(state, by.id, turn.now, P.BanMembers);
  if (no) return refused(no);
  const record = state.bans.get(userId);
  if (record === undefined) return refused(refuse('unknownBan'));
  const outcome = new Outcome(turn);
  const guildId = state.guild.id;
  state.bans.delete(userId);
  outcome.write({ w: 'deleteBan', guildId, userId });
  const d = JSON.stringify({ guild_id: guildId, user: renderUser(record.user) });
  outcome.event(bansTopic(guildId), 'GUILD_BAN_REMOVE', d, { note: LITERAL });
  return outcome.done();
}
