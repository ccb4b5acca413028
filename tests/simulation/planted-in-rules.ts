/** Those of planted.ts in the rules of guilds and users: found in towns of real folk. */
import { type Planted, FIRST_REAL as REAL } from './mistake.ts';

export const PLANTED_IN_RULES: readonly Planted[] = [
  {
    name: 'gain-forgets-one',
    file: 'src/guild/visibility-rows.ts',
    from: REAL,
    changes: [
      [
        'sees ? change.gained : change.lost, kind.users)',
        'sees ? change.gained : change.lost, kind.users.slice(sees ? 1 : 0))',
      ],
    ],
  },
  {
    name: 'hidden-under-guild',
    file: 'src/guild/guild-place.ts',
    from: REAL,
    changes: [
      ['const topic = topicOf(this.#state, this.#channel);', 'const topic = `g:${this.guildId}`;\n    void topicOf;'],
    ],
  },
  {
    name: 'bans-under-guild',
    file: 'src/guild/ban-commands.ts',
    from: REAL,
    changes: [
      [
        "outcome.event(bansTopic(guildId), 'GUILD_BAN_ADD'",
        "outcome.event(bansTopic(guildId).replace('b', 'g'), 'GUILD_BAN_ADD'",
      ],
    ],
  },
  {
    name: 'bans-stay-heard',
    file: 'src/guild/visibility-rows.ts',
    from: REAL,
    changes: [['? bans.gained : bans.lost, kind.users', '? bans.gained : [], kind.users']],
  },
  {
    name: 'role-gone-unseen',
    file: 'src/guild/role-commands.ts',
    from: REAL,
    changes: [['  for (const row of visibilityRows(before, state)) outcome.row(row);\n  // Clients', '  // Clients']],
  },
  {
    name: 'leave-without-row',
    file: 'src/guild/join.ts',
    from: REAL,
    changes: [['  outcome.leave(guildId, userId);', '']],
  },
  {
    name: 'join-not-told',
    file: 'src/guild/outcome.ts',
    from: REAL,
    changes: [["this.tell(userKey(user), { kind: 'guildJoined', guild: guildKey(guildId), seq });", 'void userKey;']],
  },
  {
    name: 'hidden-in-snapshot',
    file: 'src/guild/snapshot.ts',
    from: REAL,
    changes: [['const channels = visibleChannels(state, ask.user);', 'const channels = [...state.channels.values()];']],
  },
  {
    name: 'journal-without-last',
    file: 'src/host/journal.ts',
    from: REAL,
    changes: [['return { rows, forgotten, head };', 'return { rows: rows.slice(0, -1), forgotten, head };']],
  },
  {
    name: 'presence-stays',
    file: 'src/host/wording.ts',
    from: REAL,
    changes: [['return isLast ? [voice,', 'return isLast && user === session ? [voice,']],
  },
  {
    name: 'user-session-stays',
    file: 'src/user/presence.ts',
    from: REAL,
    changes: [['  state.sessions.delete(command.session);', '']],
  },
  {
    name: 'voice-forgotten',
    file: 'src/guild/voice-commands.ts',
    from: REAL,
    changes: [['if (state.voiceDecided.has(user)', 'if (voice !== null || state.voiceDecided.has(user)']],
  },
  {
    name: 'voice-of-the-first-attach',
    file: 'src/actor/owner.ts',
    from: 1_003_340,
    changes: [
      [
        'for (const carried of this.wording.carried(ask)) this.decide',
        'for (const carried of known === undefined ? this.wording.carried(ask) : []) this.decide',
      ],
    ],
  },
  {
    name: 'first-presence-counts',
    file: 'src/guild/presence-commands.ts',
    from: REAL,
    changes: [
      ['const isPart = version === OF_ONE_SESSION && known?.version === OF_ONE_SESSION;', 'const isPart = false;'],
    ],
  },
  {
    name: 'loss-not-told-again',
    file: 'src/host/journal.ts',
    from: REAL,
    changes: [['[new Set(note.gained), new Set(note.lost)]', '[new Set(note.gained), new Set<Snowflake>()]']],
  },
  {
    name: 'topic-not-moved',
    file: 'src/guild/visibility-rows.ts',
    from: REAL,
    changes: [['const to = ownTopic(after, is);', 'const to = from;']],
  },
];
