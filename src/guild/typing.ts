/** Somebody is typing: seen by who sees the channel, kept by nobody. */
import type { MessageCommand } from '../protocol/commands.ts';
import { type Decision, refused, type Turn } from '../protocol/decision.ts';
import { maySend } from './message-create.ts';
import { Outcome } from './outcome.ts';
import type { Place } from './place.ts';
import { renderMember } from './render-member.ts';

export function typing(place: Place, { by }: MessageCommand & { kind: 'typing' }, turn: Turn): Decision {
  const no = maySend(place, place.permissions(by.id, turn.now));
  if (no) return refused(no);
  const out = new Outcome(turn);
  const member = place.member(by.id);
  const d = {
    channel_id: place.channelId,
    user_id: by.id,
    timestamp: Math.floor(turn.now / 1000),
    ...(member ? { member: renderMember(member) } : {}),
  };
  place.emit(out, { t: 'TYPING_START', d, about: [], note: null });
  return out.done();
}
