/** What a client's frame means on a socket in this state. Pure. */
import type { CloseName } from '../protocol/closes.ts';
import type { ConnectionState } from './connection-state.ts';
import type { ClientFrame, ClientPresence, GuildWish, IdentifyData, MembersData, VoiceData } from './handshake.ts';

export type Meaning =
  | { readonly does: 'close'; readonly close: CloseName }
  | { readonly does: 'acknowledge'; readonly seq: number | null }
  | { readonly does: 'identify'; readonly identify: IdentifyData }
  | { readonly does: 'resume'; readonly token: string; readonly session: string; readonly seq: number }
  | { readonly does: 'presence'; readonly presence: ClientPresence }
  | { readonly does: 'voice'; readonly voice: VoiceData }
  | { readonly does: 'members'; readonly members: MembersData }
  | { readonly does: 'wishes'; readonly wishes: readonly GuildWish[] }
  /** Kept until the handshake is through. */
  | { readonly does: 'wait' }
  | { readonly does: 'nothing' };

const close = (name: CloseName): Meaning => ({ does: 'close', close: name });

/** Ops 1, 2 and 6 are taken in any order, also before HELLO has arrived (wire-rules.md rule 10). */
export function meaningOf(frame: ClientFrame, state: ConnectionState): Meaning {
  if (state === 'closed') return { does: 'nothing' };
  switch (frame.op) {
    case 'unreadable':
      return close('decodeError');
    case 'unknown':
      return close('unknownOpcode');
    case 'heartbeat':
      return { does: 'acknowledge', seq: frame.seq };
    case 'identify':
      return state === 'open' ? { does: 'identify', identify: frame.identify } : close('alreadyAuthenticated');
    case 'resume':
      if (state !== 'open') return close('alreadyAuthenticated');
      return { does: 'resume', token: frame.token, session: frame.session, seq: frame.seq };
    default:
      return authenticated(frame, state);
  }
}

type Later = Extract<ClientFrame, { op: 'presence' | 'voice' | 'members' | 'wishes' | 'ignored' }>;

function authenticated(frame: Later, state: ConnectionState): Meaning {
  if (state === 'open') return close('notAuthenticated');
  if (frame.op === 'ignored') return { does: 'nothing' };
  if (state === 'busy') return { does: 'wait' };
  if (frame.op === 'presence') return { does: 'presence', presence: frame.presence };
  if (frame.op === 'voice') return { does: 'voice', voice: frame.voice };
  if (frame.op === 'wishes') return { does: 'wishes', wishes: frame.wishes };
  return { does: 'members', members: frame.members };
}
