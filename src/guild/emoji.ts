/** Emojis as routes name them: the text of a unicode emoji, or `name:id` of a custom one. */
import type { Snowflake } from '../protocol/ids.ts';

const CUSTOM = /^(?:a:)?(\w{2,32}):(\d{1,20})$/;
const PICTURE = /\p{Extended_Pictographic}|\p{Regional_Indicator}{2}|[0-9#*]\u{fe0f}?\u{20e3}/u;
/** Families with skin tones are the longest: about 15 code points. */
const MAX_LENGTH = 64;

export interface WireEmoji {
  readonly id: Snowflake | null;
  readonly name: string;
}

/** Null: not an emoji. */
export function wireEmoji(key: string): WireEmoji | null {
  const [, name, id] = CUSTOM.exec(key) ?? [];
  if (name !== undefined && id !== undefined) return { id, name };
  return key.length <= MAX_LENGTH && PICTURE.test(key) && !/[\w\s]{2}/.test(key) ? { id: null, name: key } : null;
}
