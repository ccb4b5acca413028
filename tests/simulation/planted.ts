/** Mistakes that the rules of the fan-out prevent, each as a change of one file's text. The simulation must find every one of them. */
export interface Planted {
  readonly name: string;
  readonly file: string;
  /** Text that stands in the file exactly once, and what stands there instead. */
  readonly changes: readonly (readonly [find: string, put: string])[];
}

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
    changes: [['if (since === null || held === null) return', 'return']],
  },
  {
    name: 'forgotten-rows-unseen',
    file: 'src/actor/rows.ts',
    changes: [['if (since < this.forgotten) return null;', '']],
  },
  {
    name: 'no-hop',
    file: 'src/actor/owner.ts',
    changes: [['if (known !== undefined && known.hop > hop) return;', '']],
  },
  {
    name: 'forget-newer-residence',
    file: 'src/actor/interest.ts',
    changes: [
      [
        'if (known !== undefined && known.hop <= hop) this.drop(session);',
        'if (known !== undefined) this.drop(session);',
      ],
    ],
  },
  {
    name: 'volatile-seq',
    file: 'src/actor/owner.ts',
    changes: [['    this.#count += 1;', "    if (draft.kind !== 'event' || draft.note !== null) this.#count += 1;"]],
  },
  {
    name: 'split-row',
    file: 'src/actor/moves.ts',
    changes: [
      [
        "return [...split(interest.ofUser(user))].map(([worker, sessions]) => [worker, { kind: 'leave', sessions }]);",
        "return interest.ofUser(user).map(({ worker, session }) => [worker, { kind: 'leave', sessions: [session] }]);",
      ],
    ],
  },
  {
    name: 'left-rows-go-on',
    file: 'src/actor/owner.ts',
    changes: [['held?.mask !== mask || missed.left', 'held?.mask !== mask']],
  },
  {
    name: 'dead-worker-interests',
    file: 'src/actor/actors.ts',
    changes: [["actor.put({ what: 'dropWorker', worker });", 'void [actor, worker];']],
  },
  {
    name: 'silent-refusal',
    file: 'src/actor/link.ts',
    changes: [
      ["this.postOwed({ m: 'outlet', entry: { what: 'refused', mark: { owner, swallowed } } });", 'void swallowed;'],
    ],
  },
  {
    name: 'load-not-announced',
    file: 'src/actor/actors.ts',
    changes: [['this.world.announce(key, opened.epoch);', '']],
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
    name: 'client-word-counter',
    file: 'src/gateway/residences.ts',
    changes: [
      ['connection.waitsFor = session;', 'connection.waitsFor = session;\n    this.#ports.outlet.log.raise(s);'],
    ],
  },
  {
    name: 'detached-not-interest',
    file: 'src/gateway/sessions.ts',
    changes: [
      [
        'session.detachedAt = clock.monotonic();',
        "session.detachedAt = clock.monotonic();\n    for (const owner of session.attachments.keys()) this.#ports.directory.interest(owner, { kind: 'forget', session: session.id, hop: session.traits.hop });",
      ],
    ],
  },
  {
    name: 'no-s-check',
    file: 'src/gateway/numbers.ts',
    changes: [
      [
        'return position < next ? { cursor: position + 1, replay: [] } : null;',
        'return { cursor: position + 1, replay: [] };',
      ],
    ],
  },
  {
    name: 'any-answer',
    file: 'src/gateway/attachments.ts',
    changes: [['if (attachment.ask !== answer.ask) return;', '']],
  },
  {
    name: 'unlocked-moves',
    file: 'src/gateway/residences.ts',
    changes: [['if (home.moving !== null) home.waiting.push(move);\n    else this.#start', 'this.#start']],
  },
  {
    name: 'late-bind',
    file: 'src/gateway/residences.ts',
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
    changes: [['if (to !== worker) continue;', 'if (to !== null) continue;']],
  },
  {
    name: 'old-numbers-mixed',
    file: 'src/gateway/residences.ts',
    changes: [['data.clientS, data.past)', 'data.clientS, [{ from: 0, to: data.head }])']],
  },
  {
    name: 'counter-not-raised',
    file: 'src/gateway/residences.ts',
    changes: [['if (data.own === false) outlet.log.raise(data.head);', '']],
  },
  {
    name: 'old-epoch-holds',
    file: 'src/gateway/attachments.ts',
    changes: [['for (const { session, attachment } of standing) this.#stop(session, attachment);', '']],
  },
  {
    name: 'hole-unseen',
    file: 'src/gateway/attachments.ts',
    changes: [
      ['if (n !== expected) this.#hole(owner);', ''],
      ['return this.#hole(owner);', 'return;'],
    ],
  },
  {
    name: 'rejoin-ignored',
    file: 'src/gateway/attachments.ts',
    changes: [['if (joinedAt > seq) this.attach(session, owner, joinedAt);', '']],
  },
  {
    name: 'session-topic-unguarded',
    file: 'src/gateway/attachments.ts',
    changes: [['if (session?.attachments.get(owner)?.attached) outlet.owe', 'if (session !== undefined) outlet.owe']],
  },
  {
    name: 'stranger-not-forgotten',
    file: 'src/gateway/attachments.ts',
    changes: [['this.forget(owner, entry.session, entry.hop);', '']],
  },
  {
    name: 'eviction-by-position',
    file: 'src/gateway/log.ts',
    changes: [
      ['return this.#evicted.get(topic) ?? this.#floor;', 'return Math.max(this.#floor, ...this.#evicted.values());'],
    ],
  },
  {
    name: 'eviction-unseen',
    file: 'src/gateway/holds.ts',
    changes: [['if (owed < to && log.evicted(topic) >= owed) return true;', '']],
  },
  {
    name: 'resumed-is-detached',
    file: 'src/gateway/residences.ts',
    changes: [['this.#ports.sessions.unseat(session);', 'this.#ports.sessions.detach(session);']],
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
];
