/**
 * GUILD_CREATE: the guild as one member may see it. Pieces are encoded once per record and joined. All members are joined once until one of them is another;
 * in a large guild only those that are needed.
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
import type { GuildState, KnownPresence, VoiceState } from './state.ts';
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
  const [members, presences] = people(state, users, withPresences);
  const joinedAt = JSON.stringify(self.joined_at);
  const head = `"joined_at":${joinedAt},"large":${isLarge(state)},"unavailable":false,"member_count":${state.members.size}`;
  const roles = Array.from(state.roles.values(), roleJson).join();
  const voiceStates = voices.map((voice) => voiceJson(state, voice)).join();
  const lists = `"channels":[${channels.map(channelJson).join()}],"members":[${members}],"presences":[${presences}]`;
  const rest = `"roles":[${roles}],"voice_states":[${voiceStates}],${NEVER}`;
  const t = 'GUILD_CREATE';
  // Written as one text when it leaves: what is long here is not copied before.
  return { t, d: `${guildRecordJson(state.guild).slice(0, -1)},${head},${lists},${rest}}`, cls: guildClass(t) };
}

const NEVER = '"threads":[],"stage_instances":[],"guild_scheduled_events":[],"soundboard_sounds":[]';

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

/** A text made of records that never change: as long as they are the same, so is the text. */
class Kept {
  #records: readonly object[] = [];
  #text = '';

  of(records: readonly object[], make: () => string): string {
    const isSame = records.length === this.#records.length && records.every((each, at) => each === this.#records[at]);
    if (!isSame) {
      this.#records = records;
      this.#text = make();
    }
    return this.#text;
  }
}

/** Of guilds to which somebody has come: all their members and presences. */
const kept = new WeakMap<GuildState, { readonly members: Kept; readonly presences: Kept }>();

/** Two texts, in the order of `users`. */
function people(state: GuildState, users: readonly Snowflake[], withPresences: boolean): readonly [string, string] {
  const members = users.map((id) => {
    const member = state.members.get(id);
    assert(member !== undefined, 'who is listed is a member');
    return member;
  });
  const present = withPresences ? users.filter((id) => state.presences.has(id)) : [];
  const known = present.map((id) => state.presences.get(id) as KnownPresence);
  const ofMembers = (): string => members.map(memberJson).join();
  const ofPresences = (): string => known.map((each, at) => presenceJson(present[at] ?? '', each)).join();
  if (isLarge(state)) kept.delete(state);
  if (users.length < state.members.size) return [ofMembers(), ofPresences()];
  const texts = kept.get(state) ?? { members: new Kept(), presences: new Kept() };
  kept.set(state, texts);
  return [texts.members.of(members, ofMembers), texts.presences.of(known, ofPresences)];
}
