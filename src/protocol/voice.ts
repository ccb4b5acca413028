/** Voice states as sessions carry them from one load of a guild to the next. */
import type { SessionId, Snowflake } from './ids.ts';

export interface CarriedVoice {
  readonly channelId: Snowflake;
  readonly selfMute: boolean;
  readonly selfDeaf: boolean;
  readonly selfVideo: boolean;
}

export type SessionVoiceCommand =
  /** The session is over. -> null */
  | { readonly kind: 'voiceGone'; readonly user: Snowflake; readonly session: SessionId }
  /** What an attach brings to a load that has forgotten it. -> null */
  | {
      readonly kind: 'voiceCarried';
      readonly user: Snowflake;
      readonly session: SessionId;
      readonly voice: CarriedVoice;
    };
