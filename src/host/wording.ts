/** What the runtime says in our domain's words: the texts of missed rows, and what attach brings and a dead worker takes. */
import type { Wording } from '../actor/ports.ts';
import type { Command } from '../protocol/commands.ts';
import type { Body, Carried } from '../protocol/envelope.ts';
import { guildClass } from '../protocol/events.ts';
import { type OwnerKey, ownerId, type SessionId, type Snowflake } from '../protocol/ids.ts';
import { OF_ONE_SESSION, OFFLINE } from '../protocol/presences.ts';
import { combine } from '../user/presence.ts';

/** His own actor may have died with his session: nobody else would say that he is gone. The guild forgets the version with the presence. */
const NEWEST = Number.MAX_SAFE_INTEGER;

const body = (t: string, d: string): Body => ({ t, d, cls: guildClass(t), full: null });

function carriedToGuild(
  user: Snowflake,
  session: SessionId,
  presence: Carried['presence'],
  voice: Carried['voice'],
): Command[] {
  const version = OF_ONE_SESSION;
  return [
    ...(presence === null ? [] : [{ kind: 'presence', user, version, presence: combine([presence]) } as const]),
    ...(voice === null ? [] : [{ kind: 'voiceCarried', user, session, voice } as const]),
  ];
}

export function wordingOf(key: OwnerKey): Wording {
  return {
    // Without `unavailable`: the user is out, the guild is not down.
    left: body('GUILD_DELETE', JSON.stringify({ id: ownerId(key) })),
    created: (d) => body('CHANNEL_CREATE', d),
    deleted: (d) => body('CHANNEL_DELETE', d),
    carried: ({ session, user, carried }) => {
      if (carried === null) return [];
      const { presence, voice } = carried;
      if (key.startsWith('u:')) return presence === null ? [] : [{ kind: 'sessionPresence', session, presence }];
      return key.startsWith('g:') ? carriedToGuild(user, session, presence, voice) : [];
    },
    gathered: key.startsWith('u:') ? [{ kind: 'presencesGathered' }] : [],
    gone: (session, user, isLast) => {
      if (key.startsWith('u:')) return [{ kind: 'sessionPresence', session, presence: null }];
      if (!key.startsWith('g:')) return [];
      const voice = { kind: 'voiceGone', user, session } as const;
      return isLast ? [voice, { kind: 'presence', user, version: NEWEST, presence: OFFLINE }] : [voice];
    },
  };
}
