/** Voice states as data: who is in which voice channel. Media is not spoken of here. They die with their owner; sessions bring them to the next load. */
import { ChannelType, PermissionFlagsBits as P } from 'discord-api-types/v10';
import type { GuildCommand } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse } from '../protocol/errors.ts';
import type { SessionId, Snowflake } from '../protocol/ids.ts';
import { hasBits } from '../protocol/permission-bits.ts';
import type { ChannelRecord } from '../protocol/records.ts';
import { guildTopic } from '../protocol/topics.ts';
import type { CarriedVoice } from '../protocol/voice.ts';
import { channelBits, channelFor, guildRefusal, isRefusal } from './guards.ts';
import { Outcome } from './outcome.ts';
import { renderVoice } from './render-member.ts';
import type { GuildState, VoiceState } from './state.ts';
import { topicOf } from './visibility.ts';

type Of<K extends GuildCommand['kind']> = GuildCommand & { readonly kind: K };

export function voiceState(state: GuildState, command: Of<'voiceState'>, turn: Turn): Decision {
  const { by, session, channelId, selfMute, selfDeaf, selfVideo } = command;
  const no = guildRefusal(state, by.id, turn.now);
  if (no) return refused(no);
  const outcome = new Outcome(turn);
  if (channelId === null) {
    if (state.voice.get(by.id)?.session === session) disconnect(state, outcome, by.id);
    return outcome.done();
  }
  const channel = channelFor(state, by.id, channelId, turn.now);
  if (isRefusal(channel)) return refused(channel);
  const mayNot = connectRefusal(state, by.id, channel, turn.now);
  if (mayNot) return refused(mayNot);
  connect(state, outcome, { user: by.id, session, channelId, selfMute, selfDeaf, selfVideo });
  return outcome.done();
}

function connectRefusal(state: GuildState, user: Snowflake, channel: ChannelRecord, now: number): Refusal | null {
  if (channel.type !== ChannelType.GuildVoice) return refuse('wrongChannelType');
  if (state.voice.get(user)?.channelId === channel.id) return null;
  const own = channelBits(state, user, channel, now);
  if (!hasBits(own, P.Connect)) return refuse('missingPermissions');
  const isFull = channel.user_limit > 0 && inChannel(state, channel.id).length >= channel.user_limit;
  return isFull && !hasBits(own, P.MoveMembers) ? refuse('missingPermissions') : null;
}

export const inChannel = (state: GuildState, channelId: Snowflake): VoiceState[] =>
  [...state.voice.values()].filter((voice) => voice.channelId === channelId);

/** Joins, moves, or says something new of himself. */
export function connect(state: GuildState, outcome: Outcome, voice: VoiceState): void {
  const before = state.voice.get(voice.user);
  const from = before === undefined ? null : topicAt(state, before.channelId);
  const to = topicAt(state, voice.channelId);
  // Who saw only the channel he left hears that he left; who gets the guild's topic hears the move itself.
  if (from !== null && from !== to && to !== guildTopic(state.guild.id)) say(state, outcome, voice, from, null);
  place(state, voice);
  say(state, outcome, voice, to, voice.channelId);
}

function place(state: GuildState, voice: VoiceState): void {
  state.voice.set(voice.user, voice);
  state.voiceDecided.add(voice.user);
}

export function disconnect(state: GuildState, outcome: Outcome, user: Snowflake): void {
  const voice = state.voice.get(user);
  if (voice === undefined) return;
  state.voice.delete(user);
  say(state, outcome, voice, topicAt(state, voice.channelId), null);
}

/** His state is said again, for what others did to him. */
export function repeatVoice(state: GuildState, outcome: Outcome, user: Snowflake): void {
  const voice = state.voice.get(user);
  if (voice !== undefined) say(state, outcome, voice, topicAt(state, voice.channelId), voice.channelId);
}

export function disconnectAll(state: GuildState, outcome: Outcome, channel: ChannelRecord): void {
  for (const { user } of inChannel(state, channel.id)) disconnect(state, outcome, user);
}

function topicAt(state: GuildState, channelId: Snowflake): string {
  const channel = state.channels.get(channelId);
  return channel === undefined ? guildTopic(state.guild.id) : topicOf(state, channel);
}

/** A bot hears of itself whatever its intents are: it needs the answer to its op 4. */
function say(state: GuildState, outcome: Outcome, voice: VoiceState, topic: string, channelId: Snowflake | null): void {
  const isBot = state.members.get(voice.user)?.user.bot === true;
  const d = JSON.stringify(renderVoice(state, voice, channelId));
  outcome.event(topic, 'VOICE_STATE_UPDATE', d, { note: null, full: isBot ? [voice.user] : null });
}

/** What this session will bring. */
export function carriedVoice(state: GuildState, session: SessionId, user: Snowflake): CarriedVoice | null {
  const voice = state.voice.get(user);
  if (voice?.session !== session) return null;
  const { channelId, selfMute, selfDeaf, selfVideo } = voice;
  return { channelId, selfMute, selfDeaf, selfVideo };
}

/** He was in already, so nothing is asked but that the channel is still there. What this load has decided of him since counts more. */
export function voiceCarried(state: GuildState, { user, session, voice }: Of<'voiceCarried'>, turn: Turn): Decision {
  const channel = state.channels.get(voice.channelId);
  if (state.voiceDecided.has(user) || !state.members.has(user) || channel?.type !== ChannelType.GuildVoice)
    return done();
  const carried = { user, session, ...voice };
  if (turn.unheard) {
    place(state, carried);
    return done();
  }
  const outcome = new Outcome(turn);
  connect(state, outcome, carried);
  return outcome.done();
}

/** The session is over, and with it what it said. */
export function voiceGone(state: GuildState, command: Of<'voiceGone'>, turn: Turn): Decision {
  if (state.voice.get(command.user)?.session !== command.session) return done();
  const outcome = new Outcome(turn);
  disconnect(state, outcome, command.user);
  return outcome.done();
}
