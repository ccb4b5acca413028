/** Channels are made, changed, sorted and deleted; their overwrites too. */
import { type APIOverwrite, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { By, GuildCommand } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import { guildKey, type Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { ChannelRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import { BOUNDS } from './bounds.ts';
import {
  channelName,
  childrenOf,
  conversionRefusal,
  lastPosition,
  parentRefusal,
  patched,
  typeRefusal,
} from './channel-rules.ts';
import { channelBits, channelFor, guildBits, guildRefusal, isRefusal } from './guards.ts';
import { newChannel, withoutChannel } from './guild-commands.ts';
import { dropInvites } from './invite-commands.ts';
import { Outcome, thing } from './outcome.ts';
import { checkOverwrites, sameBits } from './overwrite-rules.ts';
import { channelJson, renderChannel } from './render-channel.ts';
import { guildEvent } from './render-guild.ts';
import type { GuildState } from './state.ts';
import { sightOf, topicOf, VIEW_BITS } from './visibility.ts';
import { creationRow, deletionRow, visibilityRows } from './visibility-rows.ts';
import { disconnectAll } from './voice-commands.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export function createChannel(state: GuildState, command: Of<'createChannel'>, turn: Turn): Decision {
  const { by, draft } = command;
  const no =
    guildRefusal(state, by.id, turn.now, P.ManageChannels) ??
    typeRefusal(draft.type) ??
    parentRefusal(state, draft.type, null, draft.parent_id);
  if (no) return refused(no);
  if (state.channels.size >= BOUNDS.channels) return refused(refuse('maxChannels'));
  const overwrites = firstOverwrites(state, by, draft, turn.now);
  if (isRefusal(overwrites)) return refused(overwrites);
  const id = turn.mint(state.guild.id);
  const type = draft.type;
  const blank = newChannel({ id, guild_id: state.guild.id, type, name: channelName(type, draft.name) });
  const position = draft.position ?? lastPosition(state, type);
  const channel: ChannelRecord = { ...patched(blank, draft), position, permission_overwrites: overwrites };
  state.channels.set(id, channel);
  const outcome = new Outcome(turn);
  outcome.write({ w: 'putChannel', channel }, { w: 'putChannelOwner', channelId: id, owner: guildKey(state.guild.id) });
  outcome.row(creationRow(state, channel));
  return outcome.done(renderChannel(channel));
}

/** Those of the draft, else those of the category: being in step is a copy, not inheritance. */
function firstOverwrites(
  state: GuildState,
  by: By,
  draft: Of<'createChannel'>['draft'],
  now: number,
): readonly APIOverwrite[] | Refusal {
  const wanted = draft.permission_overwrites ?? null;
  if (wanted === null) return state.channels.get(draft.parent_id ?? '')?.permission_overwrites ?? [];
  return checkOverwrites(state, [], wanted, guildBits(state, by.id, now));
}

export function updateChannel(state: GuildState, command: Of<'updateChannel'>, turn: Turn): Decision {
  const { by, channelId, patch } = command;
  const channel = channelFor(state, by.id, channelId, turn.now, P.ManageChannels);
  if (isRefusal(channel)) return refused(channel);
  const no = conversionRefusal(channel, patch.type) ?? parentRefusal(state, channel.type, channelId, patch.parent_id);
  if (no) return refused(no);
  const wanted = patch.permission_overwrites;
  const overwrites =
    wanted === undefined
      ? channel.permission_overwrites
      : allowedOverwrites(state, by, channel, wanted ?? [], turn.now);
  if (isRefusal(overwrites)) return refused(overwrites);
  const outcome = new Outcome(turn);
  const after = { ...patched(channel, patch), permission_overwrites: overwrites };
  replaceChannels(state, outcome, [after]);
  return outcome.done(renderChannel(after));
}

function allowedOverwrites(
  state: GuildState,
  by: By,
  channel: ChannelRecord,
  wanted: readonly APIOverwrite[],
  now: number,
): readonly APIOverwrite[] | Refusal {
  const own = channelBits(state, by.id, channel, now);
  if (!hasBits(own, P.ManageRoles)) return refuse('missingPermissions');
  return checkOverwrites(state, channel.permission_overwrites, wanted, own);
}

/** Those who lose a channel do not get its new form; those who gain it have it before. */
export function replaceChannels(state: GuildState, outcome: Outcome, channels: readonly ChannelRecord[]): void {
  const before = sightOf(state);
  const regarded = channels.filter((after) => {
    const was = before.channels.get(after.id);
    return was !== undefined && !sameBits(was.permission_overwrites, after.permission_overwrites, VIEW_BITS);
  });
  for (const channel of channels) {
    state.channels.set(channel.id, channel);
    outcome.write({ w: 'putChannel', channel });
  }
  for (const row of visibilityRows(
    before,
    state,
    regarded.map(({ id }) => id),
  ))
    outcome.row(row);
  for (const channel of channels) {
    outcome.event(topicOf(state, channel), 'CHANNEL_UPDATE', channelJson(channel), {
      note: thing('channel', channel.id),
    });
  }
}

export function deleteChannel(state: GuildState, command: Of<'deleteChannel'>, turn: Turn): Decision {
  const { by, channelId } = command;
  const channel = channelFor(state, by.id, channelId, turn.now, P.ManageChannels);
  if (isRefusal(channel)) return refused(channel);
  const outcome = new Outcome(turn);
  disconnectAll(state, outcome, channel);
  dropInvites(state, outcome, ({ channel_id }) => channel_id === channelId);
  replaceChannels(
    state,
    outcome,
    childrenOf(state, channelId).map((child) => ({ ...child, parent_id: null })),
  );
  outcome.row(deletionRow(state, channel));
  outcome.write({ w: 'deleteChannel', guildId: state.guild.id, channelId });
  state.channels.delete(channelId);
  state.generations.delete(channelId);
  const guild = withoutChannel(state.guild, channelId);
  if (guild !== null) {
    state.guild = guild;
    outcome.write({ w: 'putGuild', guild });
    outcome.event(guildTopic(guild.id), 'GUILD_UPDATE', guildEvent(state), { note: thing('guild', guild.id) });
  }
  return outcome.done(renderChannel(channel));
}

export function moveChannels(state: GuildState, command: Of<'moveChannels'>, turn: Turn): Decision {
  const { by, moves } = command;
  const no = guildRefusal(state, by.id, turn.now, P.ManageChannels);
  if (no) return refused(no);
  const moved = new Map<Snowflake, ChannelRecord>();
  for (const move of moves) {
    const channel = moved.get(move.id) ?? channelFor(state, by.id, move.id, turn.now, P.ManageChannels);
    if (isRefusal(channel)) return refused(channel);
    const wrong = parentRefusal(state, channel.type, channel.id, move.parent_id);
    if (wrong) return refused(wrong);
    const parent_id = move.parent_id === undefined ? channel.parent_id : move.parent_id;
    const inStep =
      move.lock_permissions === true ? state.channels.get(parent_id ?? '')?.permission_overwrites : undefined;
    const overwrites =
      inStep === undefined ? channel.permission_overwrites : allowedOverwrites(state, by, channel, inStep, turn.now);
    if (isRefusal(overwrites)) return refused(overwrites);
    moved.set(move.id, {
      ...channel,
      position: move.position ?? channel.position,
      parent_id,
      permission_overwrites: overwrites,
    });
  }
  const outcome = new Outcome(turn);
  replaceChannels(state, outcome, [...moved.values()]);
  return outcome.done();
}

export function putOverwrite(state: GuildState, command: Of<'putOverwrite'>, turn: Turn): Decision {
  const { by, channelId, overwrite } = command;
  const channel = channelFor(state, by.id, channelId, turn.now, P.ManageRoles);
  if (isRefusal(channel)) return refused(channel);
  const others = channel.permission_overwrites.filter(({ id }) => id !== overwrite.id);
  return withOverwrites(state, by, channel, [...others, overwrite], turn);
}

export function deleteOverwrite(state: GuildState, command: Of<'deleteOverwrite'>, turn: Turn): Decision {
  const { by, channelId, targetId } = command;
  const channel = channelFor(state, by.id, channelId, turn.now, P.ManageRoles);
  if (isRefusal(channel)) return refused(channel);
  const others = channel.permission_overwrites.filter(({ id }) => id !== targetId);
  if (others.length === channel.permission_overwrites.length) return refused(refuse('unknownOverwrite'));
  return withOverwrites(state, by, channel, others, turn);
}

function withOverwrites(
  state: GuildState,
  by: By,
  channel: ChannelRecord,
  wanted: readonly APIOverwrite[],
  turn: Turn,
): Decision {
  const overwrites = allowedOverwrites(state, by, channel, wanted, turn.now);
  if (isRefusal(overwrites)) return refused(overwrites);
  const outcome = new Outcome(turn);
  replaceChannels(state, outcome, [{ ...channel, permission_overwrites: overwrites }]);
  return outcome.done();
}
