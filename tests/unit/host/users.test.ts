import { describe, expect, test } from 'bun:test';
import { loadName } from '../../../src/host/name-behavior.ts';
import { loadUser } from '../../../src/host/user-behavior.ts';
import { nameKey, type OwnerKey, userKey } from '../../../src/protocol/ids.ts';
import type { MessageWithReactions } from '../../../src/protocol/records.ts';
import type { UserSnapshot } from '../../../src/protocol/snapshots.ts';
import type { Write } from '../../../src/protocol/writes.ts';
import { MemoryStore } from '../../../src/store/memory/store.ts';
import { application, ME, OTHER, publicUser, Turns, token, userRecord } from '../user/fixtures.ts';

const open = () => new MemoryStore({ clock: { now: () => 0 } });

async function store(into: MemoryStore, owner: OwnerKey, writes: readonly Write[]): Promise<void> {
  const epoch = await into.fence(owner);
  await into.commit({ owner, epoch, writes });
}

const account = (id: string, bot = false) =>
  ({
    kind: 'createAccount',
    user: userRecord(publicUser(id, { username: 'Nelly', bot })),
    token: { ...token('h'), user: id },
    application: bot ? application(id) : null,
  }) as const;

describe('a name', () => {
  test('that was claimed is taken after a load', async () => {
    const memory = open();
    const first = await loadName(memory, 'nelly');
    await store(memory, nameKey('Nelly'), first.decide(account(ME), { now: 0 }).writes);
    expect((await loadName(memory, 'nelly')).decide(account(OTHER), { now: 0 }).reply).toMatchObject({
      refused: 'nameTaken',
    });
    expect((await loadUser(memory, ME)).question({ ask: 'self' })).toMatchObject({ ok: { username: 'Nelly' } });
  });

  test('takes nobody in', async () => {
    const name = await loadName(open(), 'nelly');
    expect([name.isMember(), name.topicsOf(), name.guilds(), name.retell()]).toEqual([false, [], null, null]);
    expect(name.question()).toMatchObject({ refused: 'generalError' });
  });
});

describe('a user', () => {
  const made = async (bot = false) => {
    const memory = open();
    const user = await loadUser(memory, ME);
    const decide = async (command: Parameters<typeof user.decide>[0]) => {
      const decision = user.decide(command, turns.next());
      turns.took(decision);
      await store(memory, userKey(ME), decision.writes);
    };
    const turns = new Turns(1);
    await decide(account(ME, bot));
    return { memory, user, decide };
  };

  test('who does not exist lets nobody attach', async () => {
    const nobody = await loadUser(open(), ME);
    expect([nobody.isMember(ME), nobody.topicsOf(ME), nobody.guilds()]).toEqual([false, [], []]);
  });

  test('lets himself attach, to his one topic', async () => {
    const { user } = await made();
    expect([user.isMember(ME), user.isMember(OTHER)]).toEqual([true, false]);
    expect([user.topicsOf(ME), user.topicsOf(OTHER)]).toEqual([[`u:${ME}`], []]);
  });

  test('gives the session what READY is made of', async () => {
    const { user } = await made(true);
    const { t, d, cls } = user.snapshot();
    expect([t, cls]).toEqual(['INTERNAL_USER', 0]);
    const snapshot = JSON.parse(d) as UserSnapshot;
    expect(snapshot).toMatchObject({ user: { id: ME }, application: { id: ME }, dms: [], email: null });
    expect(d).not.toContain('secret');
  });

  test('is after a load what he was before', async () => {
    const { memory, user, decide } = await made(true);
    await store(memory, 'g:7', [
      {
        w: 'putMember',
        guildId: '7',
        seq: 11,
        member: {
          user: publicUser(ME),
          nick: null,
          avatar: null,
          banner: null,
          roles: [],
          joined_at: '',
          premium_since: null,
          deaf: false,
          mute: false,
          flags: 0,
          pending: false,
          communication_disabled_until: null,
        },
      },
    ]);
    const dm = { id: '9', type: 3, recipients: [publicUser(OTHER)], name: 'we' } as const;
    await store(memory, 'd:9', [
      {
        w: 'putDm',
        dm: {
          ...dm,
          owner: 'd:9',
          recipients: [account(ME, true).user.user, publicUser(OTHER)],
          icon: null,
          owner_id: null,
          last_message_id: null,
          last_pin_timestamp: null,
        },
      },
    ]);
    await decide({ kind: 'guildJoined', guild: 'g:7', seq: 11 });
    const event = { kind: 'dmEvent', teller: 'd:9', seq: 3, cls: 0, full: false, open: true } as const;
    await decide({ ...event, t: 'CHANNEL_CREATE', d: JSON.stringify(dm) });
    await decide({ kind: 'putCommand', guildId: null, draft: { name: 'ping' } });
    await decide({ kind: 'updateUser', patch: { bio: 'hello' } });
    const later = await loadUser(memory, ME);
    expect(JSON.parse(later.snapshot().d)).toEqual(JSON.parse(user.snapshot().d));
    expect(later.guilds()).toEqual([['g:7', 11]]);
    for (const question of [{ ask: 'self' }, { ask: 'dms' }, { ask: 'commands', guildId: null }] as const) {
      expect(later.question(question)).toEqual(user.question(question));
    }
    const again = later.decide({ kind: 'guildJoined', guild: 'g:7', seq: 11 }, new Turns(2).next());
    expect([again.rows, again.writes]).toEqual([[], []]);
    expect(later.decide({ ...event, t: 'CHANNEL_CREATE', d: '{}' }, new Turns(2).next()).rows).toEqual([]);
  });

  test('tells again what he is now, and messages as they are stored now', async () => {
    const { user, decide } = await made();
    await decide({ kind: 'updateUser', patch: { bio: 'hello' } });
    const told = user.retell('USER_UPDATE', { as: 'thing', thing: 'user', id: ME }, null);
    expect(JSON.parse(told ?? '')).toMatchObject({ id: ME, bio: 'hello' });
    const note = { as: 'message', channelId: '9', id: '10' } as const;
    const stored = { message: { wire: { id: '10', content: 'hi' } }, reactions: [] } as unknown as MessageWithReactions;
    expect(user.retell('MESSAGE_CREATE', note, stored)).toBe('{"id":"10","content":"hi"}');
    expect(user.retell('MESSAGE_CREATE', note, null)).toBeNull();
    expect(user.retell('GUILD_UPDATE', { as: 'thing', thing: 'guild', id: ME }, null)).toBeNull();
  });
});
