/** Questions to a DM: for its recipients; to everybody else it does not exist. */
import type { Question } from '../protocol/commands.ts';
import type { Reply } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { isRecipient, RECIPIENT_BITS } from './dm-place.ts';
import { renderDm } from './dm-render.ts';
import type { DmState } from './dm-state.ts';

export function answerDm({ dm, generation }: DmState, question: Question): Reply {
  if (question.ask !== 'channel' && question.ask !== 'mayRead' && question.ask !== 'maySend') return refuse('notInDm');
  if (dm === null || dm.id !== question.channelId || !isRecipient(dm, question.by)) return refuse('unknownChannel');
  switch (question.ask) {
    case 'channel':
      return { ok: renderDm(dm, question.by) };
    case 'mayRead':
      return { ok: { generation: generation ?? dm.last_message_id, permissions: RECIPIENT_BITS.toString() } };
    case 'maySend':
      return { ok: null };
  }
}
