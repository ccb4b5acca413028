/**
 * GUILD_CREATE: the guild as one member may see it. Pieces are encoded once per record and joined, so that N identifies cost N joins of strings
 * and, in a large guild, only the members that are needed.
 */
import { GatewayIntentBits as I } from 'discord-api-types/v10';
import { assert } from '../base/assert.ts';
import type { AttachAsk } from '../protocol/envelope.ts';
import { guildClass } from '../protocol/events.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { isLarge } from './presence-commands.ts';
import { channelJson } from './render-channel.ts';
import { guildRecordJson } from './render-guild.ts';
import { memberJson, presenceJson, roleJson, voiceJson } from './render-member.ts';
import type { GuildState, VoiceState } from './state.ts';
import { visibleChannels } from './visibility.ts';

export type SnapshotAsk = Pick<AttachAsk, 'user' | 'mask' | 'person'>;

/** Only for members. `d`: JSON text, every documented key. */
export function snapshot(
  state: GuildState,
  ask: SnapshotAsk,
): { readonly t: string; readonly d: string; readonly cls: number } {
  const self = state.members.get(ask.user);
  assert(self !== undefined, 'only a member gets a snapshot');
  const channels = visibleChannels(state, ask.user);
  const seen = new Set(channels.map(({ id }) => id));
  const voices = [...state.voice.values()].filter(({ channelId }) => seen.has(channelId));
  const withPresences = ask.person || (ask.mask & I.GuildPresences) !== 0;
  const users = listed(state, ask.user, voices, withPresences);
  const fields = [
    `"joined_at":${JSON.stringify(self.joined_at)},"large":${isLarge(state)},"unavailable":false,"member_count":${state.members.size}`,
    `"roles":[${Array.from(state.roles.values(), roleJson).join()}]`,
    `"channels":[${channels.map(channelJson).join()}]`,
    `"members":[${users.map((id) => membersJson(state, id)).join()}]`,
    `"voice_states":[${voices.map((voice) => voiceJson(state, voice)).join()}]`,
    `"presences":[${withPresences ? presencesJson(state, users) : ''}]`,
    '"threads":[],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[]',
  ];
  const t = 'GUILD_CREATE';
  return { t, d: `${guildRecordJson(state.guild).slice(0, -1)},${fields.join()}}`, cls: guildClass(t) };
}

/** All, unless the guild is large or a bot lacks the intent: then himself and who is in a voice channel that he sees (docs: Guild Create). */
function listed(
  state: GuildState,
  user: Snowflake,
  voices: readonly VoiceState[],
  withPresences: boolean,
): readonly Snowflake[] {
  if (withPresences && !isLarge(state)) return [...state.members.keys()];
  return [...new Set([user, ...voices.map((voice) => voice.user)])].filter((id) => state.members.has(id));
}

function membersJson(state: GuildState, id: Snowflake): string {
  const member = state.members.get(id);
  assert(member !== undefined, 'who is listed is a member');
  return memberJson(member);
}

function presencesJson(state: GuildState, users: readonly Snowflake[]): string {
  const found: string[] = [];
  for (const id of users) {
    const known = state.presences.get(id);
    if (known !== undefined) found.push(presenceJson(id, known));
  }
  return found.join();
}
