/** What a command about messages must know of the store before its turn. Depends on the command alone. */
import type { MessageCommand } from '../protocol/commands.ts';
import type { Need } from '../protocol/decision.ts';
import type { Snowflake } from '../protocol/ids.ts';

/** More is refused anyway. */
const MAX_BULK = 100;

export function needsOf(command: MessageCommand): readonly Need[] {
  const { channelId } = command;
  const message = (id: Snowflake): Need => ({ need: 'message', channelId, id });
  switch (command.kind) {
    case 'createMessage':
      return forDraft(command, message);
    // A pinned message may go: the channel's last pin is then another.
    case 'bulkDelete':
      return command.ids.length > MAX_BULK
        ? []
        : [...[...new Set(command.ids)].map(message), { need: 'pins', channelId }];
    case 'addReaction':
    case 'removeReaction': {
      const { messageId: id, emoji } = command;
      const user = command.kind === 'addReaction' ? command.by.id : command.userId;
      return [message(id), { need: 'reaction', channelId, id, emoji, user }];
    }
    case 'pin':
    case 'unpin':
    case 'deleteMessage':
      return [message(command.messageId), { need: 'pins', channelId }];
    case 'typing':
      return [];
    case 'editMessage':
    case 'clearReactions':
    case 'crosspost':
      return [message(command.messageId)];
  }
}

function forDraft(
  { by, channelId, draft }: MessageCommand & { kind: 'createMessage' },
  message: (id: Snowflake) => Need,
): readonly Need[] {
  const { nonce, enforceNonce, reference } = draft;
  const needs: Need[] = [];
  if (enforceNonce && nonce !== null) needs.push({ need: 'nonce', channelId, author: by.id, nonce: String(nonce) });
  if (reference) needs.push(message(reference.message_id));
  return needs;
}
