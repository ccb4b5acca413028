/** Where one session is in voice, by guild, as each guild said it last: its attach brings it to a load that has forgotten it. */

import type { OwnerKey, SessionId, Snowflake } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import type { CarriedVoice } from '../protocol/voice.ts';

export class Voices {
  /** Most sessions are nowhere. */
  #states: Map<OwnerKey, CarriedVoice> | null = null;

  get(guild: OwnerKey): CarriedVoice | null {
    return this.#states?.get(guild) ?? null;
  }

  get all(): readonly (readonly [OwnerKey, CarriedVoice])[] {
    return [...(this.#states ?? [])];
  }

  /** Null: nowhere. */
  said(guild: OwnerKey, voice: CarriedVoice | null): void {
    if (voice !== null) {
      this.#states ??= new Map();
      this.#states.set(guild, voice);
      return;
    }
    this.#states?.delete(guild);
    if (this.#states?.size === 0) this.#states = null;
  }
}

/** The part of VOICE_STATE_UPDATE that matters here. */
interface VoiceStateUpdate {
  readonly user_id: Snowflake;
  readonly session_id: SessionId;
  readonly channel_id: Snowflake | null;
  readonly self_mute: boolean;
  readonly self_deaf: boolean;
  readonly self_video: boolean;
}

/** `d`: JSON text of VOICE_STATE_UPDATE. A user is in voice with one session at a time. */
export function heardVoice(d: string): { user: Snowflake; session: SessionId; voice: CarriedVoice | null } {
  const { user_id, session_id, channel_id, ...self } = parseOwn<VoiceStateUpdate>(d);
  const { self_mute: selfMute, self_deaf: selfDeaf, self_video: selfVideo } = self;
  const voice = channel_id === null ? null : { channelId: channel_id, selfMute, selfDeaf, selfVideo };
  return { user: user_id, session: session_id, voice };
}
