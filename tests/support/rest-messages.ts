/** Stored messages for tests of the HTTP edge. */
import type { MessageWithReactions, StoredMessage } from '../../src/protocol/records.ts';
import { CHANNEL, publicUser } from './fake-rest.ts';

const wireUser = (id: string) => ({ ...publicUser(id, 'anna'), flags: 0, primary_guild: null });

export function storedMessage(id: string, author: string, more: Partial<StoredMessage> = {}): MessageWithReactions {
  const wire = {
    id,
    channel_id: CHANNEL,
    type: 0,
    content: `text of ${id}`,
    author: wireUser(author),
    mentions: [],
    mention_roles: [],
    mention_everyone: false,
    attachments: [],
    embeds: [{ type: 'rich', title: 'a' }],
    components: [],
    timestamp: '2026-01-01T00:00:00.000Z',
    edited_timestamp: null,
    flags: 0,
    pinned: false,
    tts: false,
    ...more,
  } as unknown as StoredMessage;
  return { message: { id, channel_id: wire.channel_id, author_id: author, wire }, reactions: [] };
}
