/** A message as one reader gets it: without content where he may not have it. */
import type { Account } from '../protocol/accounts.ts';
import type { OwnerKey, Snowflake } from '../protocol/ids.ts';
import type { StoredMessage } from '../protocol/records.ts';

/** GATEWAY_MESSAGE_CONTENT and its LIMITED twin (docs/resources/application, flags). */
const MESSAGE_CONTENT = (1 << 18) | (1 << 19);

export type WireMessage = Readonly<Record<string, unknown>>;

/** Who reads: people see everything, bots content only with the grant, in DMs, of themselves, and where they are mentioned. */
export interface Reader {
  readonly user: Snowflake;
  readonly all: boolean;
}

export function readerOf({ kind, record, application }: Account, owner: OwnerKey): Reader {
  const granted = ((application?.flags ?? 0) & MESSAGE_CONTENT) !== 0;
  return { user: record.user.id, all: kind === 'person' || granted || owner.startsWith('d:') };
}

/** `name:id` of a custom emoji, else the character itself. */
export function wireEmoji(key: string): { readonly id: Snowflake | null; readonly name: string } {
  const custom = /^(\w+):(\d+)$/.exec(key);
  return custom ? { id: custom[2] ?? null, name: custom[1] ?? '' } : { id: null, name: key };
}

/** The reply it quotes is judged by itself. */
export function visible(wire: StoredMessage | WireMessage, reader: Reader): WireMessage {
  if (reader.all) return wire as WireMessage;
  const message = wire as WireMessage & Pick<StoredMessage, 'author' | 'mentions'>;
  const mine = message.author.id === reader.user || message.mentions.some(({ id }) => id === reader.user);
  const shown: Record<string, unknown> = mine ? { ...message } : withoutContent(message);
  const quoted = message.referenced_message as WireMessage | null | undefined;
  if (quoted) shown.referenced_message = visible(quoted, reader);
  return shown;
}

function withoutContent(message: WireMessage): Record<string, unknown> {
  const { poll, message_snapshots, ...rest } = message;
  return { ...rest, content: '', embeds: [], attachments: [], components: [] };
}
