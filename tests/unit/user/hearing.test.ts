import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { Command } from '../../../src/protocol/commands.ts';
import type { OwnerKey } from '../../../src/protocol/ids.ts';
import { answerUser } from '../../../src/user/questions.ts';
import { memberships } from '../../../src/user/user-state.ts';
import { ME, OTHER, publicUser, userRoom } from './fixtures.ts';

const DM: OwnerKey = `d:${ME}:${OTHER}`;
const GROUP: OwnerKey = 'd:300000000000000009';

type Told = Extract<Command, { kind: 'guildJoined' | 'guildLeft' | 'dmEvent' }>;

const asMember = (guild: OwnerKey, seq: number): Told => ({
  kind: seq % 2 === 1 ? 'guildJoined' : 'guildLeft',
  guild,
  seq,
});

/** What a teller says, in its order; any tell may come again later, but never before it came first in order. */
const history = fc
  .array(fc.record({ guild: fc.constantFrom<OwnerKey>('g:1', 'g:2', 'g:3'), step: fc.integer({ min: 1, max: 3 }) }), {
    maxLength: 12,
  })
  .map((steps) => {
    const last = new Map<OwnerKey, number>();
    return steps.map(({ guild, step }) => {
      const seq = (last.get(guild) ?? 0) + step;
      last.set(guild, seq);
      return asMember(guild, seq);
    });
  });

describe('hearing of guilds', () => {
  const stateAfter = (tells: readonly Told[]) => {
    const { state, decide } = userRoom();
    const joined = tells.flatMap((tell) => decide(tell).rows);
    return { guilds: memberships(state), heard: [...state.heard].sort(), joined };
  };

  test('is the same however often and interleaved it is told', () => {
    const echoes = fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 });
    fc.assert(
      fc.property(history, echoes, (told, repeats) => {
        const noisy = [...told];
        for (const [which, later] of repeats) {
          if (noisy.length === 0) break;
          const from = which % noisy.length;
          const tell = noisy[from];
          const at = from + 1 + (later % (noisy.length - from));
          if (tell !== undefined) noisy.splice(at, 0, tell);
        }
        const [quiet, loud] = [stateAfter(told), stateAfter(noisy)];
        expect(loud).toEqual(quiet);
      }),
      { numRuns: 300 },
    );
  });

  test('ends with what each guild said last, in whatever order its words come', () => {
    fc.assert(
      fc.property(
        history.chain((told) => fc.tuple(fc.constant(told), fc.shuffledSubarray(told, { minLength: told.length }))),
        ([told, shuffled]) => {
          expect(stateAfter(shuffled).guilds).toEqual(stateAfter(told).guilds);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('stores the number with the row that brings the sessions in', () => {
    const { decide } = userRoom();
    expect(decide({ kind: 'guildJoined', guild: 'g:1', seq: 7 })).toMatchObject({
      writes: [{ w: 'putHeard', user: ME, teller: 'g:1', seq: 7 }],
      rows: [{ kind: 'joined', guild: 'g:1', seq: 7 }],
    });
    expect(decide({ kind: 'guildLeft', guild: 'g:1', seq: 8 })).toMatchObject({ rows: [], writes: [{ seq: 8 }] });
    expect(decide({ kind: 'guildJoined', guild: 'g:1', seq: 7 })).toMatchObject({ rows: [], writes: [] });
  });

  test('does not undo what the store knew before', () => {
    const { state, decide } = userRoom();
    state.guilds.set('g:1', { seq: 9, member: true });
    decide({ kind: 'guildLeft', guild: 'g:1', seq: 8 });
    expect(memberships(state)).toEqual([['g:1', 9]]);
    expect(answerUser(state, { ask: 'guildList' })).toEqual({ ok: [['1', 9]] });
  });
});

describe('hearing of DMs', () => {
  const dm = (seq: number, t: string, d: unknown, more: Partial<Extract<Told, { kind: 'dmEvent' }>> = {}) =>
    ({
      kind: 'dmEvent',
      teller: DM,
      seq,
      t,
      d: JSON.stringify(d),
      cls: 4096,
      full: true,
      open: true,
      ...more,
    }) as const;
  const message = (id: string) => ({ id, channel_id: '300000000000000001', author: publicUser(OTHER), content: 'hi' });
  const group = { id: '300000000000000009', type: 3, recipients: [publicUser(OTHER)], name: 'we', owner_id: OTHER };
  const openDms = (room: ReturnType<typeof userRoom>) =>
    (answerUser(room.state, { ask: 'dms' }) as { ok: { id: string; recipients: unknown[] }[] }).ok;

  test('sends each event once, under his own topic, with its class', () => {
    const { decide } = userRoom();
    const tell = dm(1, 'MESSAGE_CREATE', message('400000000000000001'));
    expect(decide(tell).rows).toMatchObject([
      {
        topic: `u:${ME}`,
        t: 'MESSAGE_CREATE',
        d: tell.d,
        cls: 4096,
        full: [ME],
        note: { as: 'message', channelId: '300000000000000001', id: '400000000000000001' },
      },
    ]);
    expect(decide(tell)).toMatchObject({ rows: [], writes: [] });
    expect(decide(dm(2, 'MESSAGE_DELETE', { id: '4' }, { full: false })).rows).toMatchObject([
      { full: null, note: { as: 'literal' } },
    ]);
  });

  test('of typing writes nothing and is not told again', () => {
    const { decide } = userRoom();
    expect(decide(dm(3, 'TYPING_START', {}))).toMatchObject({ writes: [], rows: [{ note: null }] });
    expect(decide(dm(3, 'MESSAGE_DELETE', { id: '4' }, { open: false })).writes).toHaveLength(1);
    expect(decide(dm(2, 'TYPING_START', {})).rows).toEqual([]);
  });

  test('lists a DM that its first message opens, and moves its last message and its last pin', () => {
    const room = userRoom();
    const { writes } = room.decide(dm(1, 'MESSAGE_CREATE', message('400000000000000001')));
    expect(writes).toContainEqual({ w: 'putDmOpen', userId: ME, owner: DM, open: true });
    expect(room.decide(dm(2, 'MESSAGE_CREATE', message('400000000000000002'))).writes).toHaveLength(1);
    expect(openDms(room)).toMatchObject([
      {
        id: '300000000000000001',
        type: 1,
        recipients: [publicUser(OTHER)],
        last_message_id: '400000000000000002',
        flags: 0,
      },
    ]);
    expect(openDms(room)[0]?.recipients).toHaveLength(1);
    const pinned = { channel_id: '300000000000000001', last_pin_timestamp: '2026-01-01T00:00:00.000000+00:00' };
    room.decide(dm(3, 'CHANNEL_PINS_UPDATE', pinned));
    expect(openDms(room)[0]).toMatchObject({ last_pin_timestamp: pinned.last_pin_timestamp });
    expect(room.state.dms.get(DM)?.recipients.map(({ id }) => id)).toEqual([ME, OTHER]);
  });

  test('lists a group that is made, follows its changes and drops it when it is closed', () => {
    const room = userRoom();
    const told = { teller: GROUP };
    room.decide(dm(1, 'CHANNEL_CREATE', group, told));
    room.decide(dm(2, 'CHANNEL_UPDATE', { ...group, name: 'us' }, { ...told, open: false }));
    expect(openDms(room)).toMatchObject([{ id: group.id, type: 3, name: 'us', owner_id: OTHER }]);
    const { writes } = room.decide(dm(3, 'CHANNEL_DELETE', group, { ...told, open: false }));
    expect(writes).toContainEqual({ w: 'putDmOpen', userId: ME, owner: GROUP, open: false });
    expect(openDms(room)).toEqual([]);
  });

  test('has the one that was opened last first', () => {
    const room = userRoom();
    room.decide(dm(1, 'CHANNEL_CREATE', group, { teller: GROUP }));
    room.decide(dm(1, 'MESSAGE_CREATE', message('400000000000000001')));
    room.decide(dm(2, 'CHANNEL_UPDATE', group, { teller: GROUP }));
    expect(openDms(room).map(({ id }) => id)).toEqual([group.id, '300000000000000001']);
  });
});
