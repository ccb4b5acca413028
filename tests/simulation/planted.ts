import { type Planted, FIRST_REAL as REAL } from './mistake.ts';
import { PLANTED_IN_RULES } from './planted-in-rules.ts';

/** Mistakes that the rules of the fan-out prevent, each as a change of one file's text. The simulation must find every one of them. */
export const PLANTED: readonly Planted[] = [
  // --- owners
  {
    name: 'relay-before-commit',
    file: 'src/actor/batch.ts',
    changes: [['this.#effects.push(effect);', 'effect();']],
  },
  {
    name: 'move-without-missed',
    file: 'src/actor/rows.ts',
    from: 30,
    changes: [['if (since === null || held === null) return', 'return']],
  },
  {
    name: 'forgotten-rows-unseen',
    file: 'src/actor/rows.ts',
    from: 410,
    changes: [['if (since < this.forgotten) return null;', '']],
  },
  {
    name: 'forget-newer-residence',
    file: 'src/actor/interest.ts',
    changes: [['if (known === undefined || known.hop > hop) return null;', 'if (known === undefined) return null;']],
  },
  {
    name: 'volatile-seq',
    file: 'src/actor/owner.ts',
    changes: [['    this.#count += 1;', "    if (draft.kind !== 'event' || draft.note !== null) this.#count += 1;"]],
  },
  {
    name: 'dead-worker-interests',
    file: 'src/actor/actors.ts',
    changes: [["actor.put({ what: 'dropWorker', worker });", 'void [actor, worker];']],
  },
  {
    name: 'load-not-announced',
    file: 'src/actor/actors.ts',
    from: 80,
    changes: [['this.world.announce(key, opened.epoch, awaited.length > 0);', '']],
  },
  {
    name: 'no-hop',
    file: 'src/actor/owner.ts',
    from: 610,
    changes: [['if (known !== undefined && known.hop > hop) return;', '']],
  },
  {
    name: 'heard-of-none',
    file: 'src/actor/owner.ts',
    from: 1900,
    changes: [['return isHeard ? null : lost', 'return isHeard || session ? null : lost']],
  },
  {
    name: 'held-after-forget',
    file: 'src/actor/take-over.ts',
    from: 380,
    changes: [
      [
        'return this.#held.get(ask.session) === ask && this.#held.delete(ask.session);',
        'this.#held.delete(ask.session);\n    return true;',
      ],
    ],
  },
  {
    name: 'left-rows-go-on',
    file: 'src/actor/owner.ts',
    from: 1600,
    changes: [['held?.mask !== mask || missed.left', 'held?.mask !== mask']],
  },
  {
    name: 'silent-refusal',
    file: 'src/actor/link.ts',
    from: 365,
    changes: [
      ["this.postOwed({ m: 'outlet', entry: { what: 'refused', mark: { owner, swallowed } } });", 'void swallowed;'],
    ],
  },
  // --- the store, and what the host tells again from it
  {
    name: 'tell-not-stored',
    file: 'src/store/memory/journal.ts',
    from: 60,
    changes: [['this.#tells.set(owner, tells.set(`${tell.seq}:${tell.to}`, tell));', 'void [owner, tells, tell];']],
  },
  {
    name: 'journal-reaches-back',
    file: 'src/host/journal.ts',
    from: 537,
    changes: [['let forgotten = Math.max(kept[0]?.before ?? 0, barrier);', 'let forgotten = barrier;']],
  },
  {
    name: 'leave-not-told-again',
    file: 'src/host/journal.ts',
    from: 300,
    changes: [["return { seq, kind: 'leave', user: note.user };", 'return null;']],
  },
  // --- the worker's edge
  {
    name: 'subscribe-before-catch-up',
    file: 'src/gateway/outlet.ts',
    changes: [
      [
        'if (session.live) this.#ports.subscriptions.add(session, hold);',
        'if (session.connection !== null) this.#ports.subscriptions.add(session, hold);',
      ],
    ],
  },
  {
    name: 'holds-without-position',
    file: 'src/gateway/outlet.ts',
    changes: [
      [
        'session.holds.open(topic, attachment.mask, this.log.head + 1)',
        'session.holds.open(topic, attachment.mask, 0)',
      ],
    ],
  },
  {
    name: 'detached-not-interest',
    file: 'src/gateway/sessions.ts',
    changes: [
      [
        'session.detachedAt = clock.monotonic();',
        [
          'session.detachedAt = clock.monotonic();',
          'const { id, hop } = session.traits;',
          "const forget = { kind: 'forget', session: id, hop } as const;",
          'for (const { owner } of session.attachments) this.#ports.directory.interest(owner, forget);',
        ].join('\n'),
      ],
    ],
  },
  {
    name: 'voice-not-carried',
    file: 'src/gateway/asks.ts',
    from: REAL,
    changes: [['voice: session.voices.get(owner)', 'voice: null']],
  },
  {
    name: 'voice-as-it-was-asked',
    file: 'src/gateway/attachments.ts',
    from: REAL,
    changes: [["if (body.t === 'VOICE_STATE_UPDATE') this.#heardVoice(owner, body.d);", '']],
  },
  {
    name: 'any-answer',
    file: 'src/gateway/attachments.ts',
    from: 100,
    changes: [['if (attachment.ask !== answer.ask) return;', '']],
  },
  {
    name: 'wish-without-stop',
    file: 'src/gateway/attachments.ts',
    changes: [['attachment.wanted = wanted;\n    this.#stop(session, attachment);', 'attachment.wanted = wanted;']],
  },
  {
    name: 'wish-not-carried',
    file: 'src/gateway/attachments.ts',
    from: 100,
    changes: [
      [
        'since, held, wanted, joinedAt, promised });',
        'since, held, wanted: session.traits.mask, joinedAt, promised });',
      ],
    ],
  },
  {
    name: 'owed-by-first-mask',
    file: 'src/gateway/session.ts',
    from: 40,
    changes: [['return this.person ? ALL_EVENTS : this.traits.mask;', 'return this.traits.mask;']],
  },
  {
    name: 'unlocked-moves',
    file: 'src/gateway/residences.ts',
    from: 570,
    changes: [
      ['if (home.moving !== null) home.waiting = [...home.waiting, move];\n    else this.#start', 'this.#start'],
    ],
  },
  {
    name: 'late-bind',
    file: 'src/gateway/residences.ts',
    from: 320,
    changes: [
      [
        "return connection?.state === 'busy' && connection.waitsFor === session ? connection : undefined;",
        'void session;\n    return connection;',
      ],
    ],
  },
  {
    name: 'no-given-note',
    file: 'src/gateway/residences.ts',
    from: 75,
    changes: [['if (to !== worker) continue;', 'if (to !== null) continue;']],
  },
  {
    name: 'counter-not-raised',
    file: 'src/gateway/residences.ts',
    from: 260,
    changes: [['if (data.own === false) outlet.log.raise(data.head);', '']],
  },
  {
    name: 'old-epoch-holds',
    file: 'src/gateway/attachments.ts',
    from: 60,
    changes: [['for (const { session, attachment } of standing) this.#stop(session, attachment);', '']],
  },
  {
    name: 'hole-unseen',
    file: 'src/gateway/attachments.ts',
    from: 60,
    changes: [
      ['if (n !== expected) this.#hole(owner);', ''],
      ['return this.#hole(owner);', 'return;'],
    ],
  },
  {
    name: 'full-ignored',
    file: 'src/protocol/body.ts',
    changes: [
      [
        'passesShared(body, mask) || isFull(body, user)',
        'passesShared(body, mask) || (user === null && isFull(body, user))',
      ],
    ],
  },
  {
    name: 'content-for-all',
    file: 'src/gateway/variants.ts',
    changes: [
      [
        'return seesContent(mask) || !hasContent(body) || isFull(body, user) ? body.d : stripped(body);',
        'void [mask, user];\n  return body.d;',
      ],
    ],
  },
  {
    name: 'client-word-counter',
    file: 'src/gateway/residences.ts',
    from: 100,
    changes: [
      ['connection.waitsFor = session;', 'connection.waitsFor = session;\n    this.#ports.outlet.log.raise(s);'],
    ],
  },
  {
    name: 'no-s-check',
    file: 'src/gateway/numbers.ts',
    from: 85,
    changes: [
      [
        'return position < next ? { cursor: position + 1, replay: [] } : null;',
        'return { cursor: position + 1, replay: [] };',
      ],
    ],
  },
  {
    name: 'session-topic-unguarded',
    file: 'src/gateway/attachments.ts',
    from: 240,
    changes: [['if (session?.attachments.get(owner)?.attached) outlet.owe', 'if (session !== undefined) outlet.owe']],
  },
  {
    name: 'eviction-unseen',
    file: 'src/gateway/holds.ts',
    from: 190,
    changes: [['if (owed < hold.to && log.evicted(hold.topic) >= owed) return true;', '']],
  },
  {
    name: 'behind-at-the-head',
    file: 'src/gateway/outlet.ts',
    from: REAL,
    changes: [['this.rest(session, position);', 'this.rest(session);\n    session.cursor = position;']],
  },
  ...PLANTED_IN_RULES,
];
