import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { UserPresence } from '../../../src/protocol/commands.ts';
import type { SessionPresence } from '../../../src/protocol/envelope.ts';
import { combine } from '../../../src/user/presence.ts';
import { userRoom } from './fixtures.ts';

const session = fc.record({
  status: fc.constantFrom('online', 'idle', 'dnd', 'invisible', 'offline'),
  activities: fc.constantFrom('[]', '[{"name":"a"}]', '[{"name":"b"}]'),
  afk: fc.boolean(),
  since: fc.constant(null),
  client: fc.constantFrom('desktop', 'mobile', 'web'),
}) satisfies fc.Arbitrary<SessionPresence>;

/** Says the same as the rule in the words of the specification, slowly. */
function naive(sessions: readonly SessionPresence[]): UserPresence {
  const pick = (of: readonly SessionPresence[]) =>
    (['online', 'dnd', 'idle'] as const).find((status) => of.some((one) => one.status === status)) ?? 'offline';
  const status = pick(sessions);
  const client_status: Record<string, string> = {};
  for (const client of ['desktop', 'mobile', 'web']) {
    const best = pick(sessions.filter((one) => one.client === client));
    if (best !== 'offline') client_status[client] = best;
  }
  const speaker = sessions.filter((one) => one.status === status && status !== 'offline').at(-1);
  return { status, activities: speaker?.activities ?? '[]', client_status };
}

describe('combined presence', () => {
  test('is what the naive model says', () => {
    fc.assert(
      fc.property(fc.array(session, { maxLength: 6 }), (sessions) => {
        expect(combine(sessions)).toEqual(naive(sessions));
      }),
      { numRuns: 500 },
    );
  });

  const step = fc.record({ id: fc.constantFrom('a', 'b', 'c'), presence: fc.option(session, { nil: null }) });

  test('is told to every guild when it changes, only then, with growing versions', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
        const { decide } = userRoom();
        for (const guild of ['g:1', 'g:2'] as const) decide({ kind: 'guildJoined', guild, seq: 1 });
        const spoken = new Map<string, SessionPresence>();
        let told: UserPresence = { status: 'offline', activities: '[]', client_status: {} };
        let version = 0;
        for (const { id, presence } of steps) {
          spoken.delete(id);
          if (presence !== null) spoken.set(id, presence);
          const wanted = naive([...spoken.values()]);
          const { tells, writes, rows } = decide({ kind: 'sessionPresence', session: id, presence });
          expect([writes, rows]).toEqual([[], []]);
          expect(tells.map(({ to }) => to)).toEqual(Bun.deepEquals(wanted, told) ? [] : ['g:1', 'g:2']);
          for (const { command, durable } of tells) {
            if (command.kind !== 'presence') throw new Error(command.kind);
            expect(command.presence).toEqual(wanted);
            expect(command.version).toBeGreaterThan(version);
            expect(durable).toBe(false);
          }
          const [first] = tells;
          if (first?.command.kind === 'presence') version = first.command.version;
          told = wanted;
        }
      }),
      { numRuns: 200 },
    );
  });

  const online: SessionPresence = { status: 'online', activities: '[]', afk: false, since: null, client: 'desktop' };

  test('has a higher version after the next load, whatever the clock says', () => {
    const versions = [1, 2].map((epoch) => {
      const { decide } = userRoom({ epoch });
      decide({ kind: 'guildJoined', guild: 'g:1', seq: 1 });
      for (let i = 0; i < 100; i++) {
        decide({ kind: 'sessionPresence', session: 'a', presence: { ...online, activities: `[${i}]` } });
      }
      const [tell] = decide({ kind: 'sessionPresence', session: 'a', presence: null }).tells;
      return tell?.command.kind === 'presence' ? tell.command.version : 0;
    });
    expect(versions[0]).toBeGreaterThan(0);
    expect(versions[1]).toBeGreaterThan(versions[0] ?? 0);
  });

  test('is told as a whole when all sessions that knew an earlier load have brought theirs', () => {
    const { decide, turns } = userRoom();
    for (const guild of ['g:1', 'g:2'] as const) decide({ kind: 'guildJoined', guild, seq: 1 });
    turns.unheard = true;
    const brought = [online, { ...online, client: 'mobile' as const }];
    for (const [i, presence] of brought.entries()) {
      expect(decide({ kind: 'sessionPresence', session: `s${i}`, presence }).tells).toEqual([]);
    }
    const { tells } = decide({ kind: 'presencesGathered' });
    const client_status = { desktop: 'online', mobile: 'online' };
    expect(tells).toMatchObject([
      { to: 'g:1', command: { presence: { client_status } } },
      { to: 'g:2', command: { presence: { client_status } } },
    ]);
    expect(decide({ kind: 'presencesGathered' }).tells).toEqual([]);
  });

  test('is told to a guild that is joined while online', () => {
    const { decide } = userRoom();
    decide({ kind: 'sessionPresence', session: 'a', presence: online });
    const { tells } = decide({ kind: 'guildJoined', guild: 'g:1', seq: 1 });
    expect(tells).toMatchObject([{ to: 'g:1', command: { kind: 'presence', presence: { status: 'online' } } }]);
  });

  test('forgets who spoke longest ago when there are too many sessions', () => {
    const { state, decide } = userRoom();
    for (let i = 0; i < 1001; i++) decide({ kind: 'sessionPresence', session: `s${i}`, presence: online });
    expect([state.sessions.size, state.sessions.has('s0'), state.sessions.has('s1')]).toEqual([1000, false, true]);
  });
});
