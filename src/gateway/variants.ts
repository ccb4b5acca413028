/** In which form a session gets an event: a topic exists once per mask of event classes. */
import { GatewayIntentBits } from 'discord-api-types/v10';
import { isFull } from '../protocol/body.ts';
import type { Body, Mask } from '../protocol/envelope.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';

/** The text of `d` for this session: whole, or without message content (wire-rules.md, permissions). */
export function bodyFor(body: Body, mask: Mask, user: Snowflake): string {
  return seesContent(mask) || !hasContent(body) || isFull(body, user) ? body.d : stripped(body);
}

export function sharedBody(body: Body, mask: Mask): string {
  return seesContent(mask) || !hasContent(body) ? body.d : stripped(body);
}

/** The name of the topic of one variant. */
export const variantOf = (topic: string, mask: Mask): string => `${topic}|${mask}`;

const seesContent = (mask: Mask): boolean => (mask & GatewayIntentBits.MessageContent) !== 0;
const hasContent = (body: Body): boolean => body.t === 'MESSAGE_CREATE' || body.t === 'MESSAGE_UPDATE';

/** Made once per body, also when it is written again. */
const strippedBodies = new WeakMap<Body, string>();

interface MessageParts {
  content?: string;
  embeds?: unknown;
  attachments?: unknown;
  components?: unknown;
  poll?: unknown;
  referenced_message?: MessageParts | null;
}

function stripped(body: Body): string {
  const known = strippedBodies.get(body);
  if (known !== undefined) return known;
  const text = JSON.stringify(withoutContent(parseOwn<MessageParts>(body.d)));
  strippedBodies.set(body, text);
  return text;
}

function withoutContent(message: MessageParts): MessageParts {
  const { poll: _, referenced_message: referenced, ...rest } = message;
  const bare: MessageParts = { ...rest, content: '', embeds: [], attachments: [], components: [] };
  if (referenced === undefined) return bare;
  return { ...bare, referenced_message: referenced === null ? null : withoutContent(referenced) };
}
