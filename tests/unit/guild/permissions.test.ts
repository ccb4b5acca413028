import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import { basePermissions, channelPermissions, guildPermissions } from '../../../src/guild/permissions.ts';
import { isPublic, topicsOf, visibleChannels } from '../../../src/guild/visibility.ts';
import { ALL_PERMISSIONS, parsePermissions } from '../../../src/protocol/permission-bits.ts';
import { naiveBase, naivePermissions, naiveSees, naiveVisibility, toBits } from './naive-permissions.ts';
import { anyGuild, USERS } from './random-guilds.ts';
import { ANN, BEN, GUILD, MOD, OWNER, START, STRANGER, World } from './world.ts';

describe('permissions', () => {
  test('are those of the naive model, for every member and channel', () => {
    fc.assert(
      fc.property(anyGuild, (state) => {
        for (const id of [...USERS, STRANGER]) {
          expect(basePermissions(state, id)).toBe(toBits(naiveBase(state, id)));
          for (const channel of state.channels.values()) {
            expect(channelPermissions(state, id, channel, START)).toBe(
              toBits(naivePermissions(state, id, channel, START)),
            );
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  test('the topics of 100,000 random cases are the channels that the naive model lets one see', () => {
    let cases = 0;
    let seen = 0;
    fc.assert(
      fc.property(anyGuild, (state) => {
        const sights = naiveVisibility(state);
        for (const id of USERS) {
          const visible = [...state.channels.values()].filter((c) => sights.get(c.id)?.has(id));
          const publicOnes = new Set(
            [...sights].filter(([, users]) => users.size === state.members.size).map(([c]) => c),
          );
          const topics = topicsOf(state, id);
          const held = topics.filter((topic) => topic.startsWith('c:')).map((topic) => topic.slice(2));
          expect(topics[0]).toBe(`g:${GUILD}`);
          expect(topics.includes(`b:${GUILD}`)).toBe(naiveBase(state, id).has('BanMembers'));
          // A channel without a topic of its own is seen by everybody; every other is held by those who see it.
          const withoutTopic = [...state.channels.values()].filter((c) => isPublic(state, c)).map((c) => c.id);
          expect(withoutTopic.every((c) => publicOnes.has(c))).toBe(true);
          expect([...held, ...withoutTopic].sort()).toEqual(visible.map((c) => c.id).sort());
          expect(visibleChannels(state, id).map((c) => c.id)).toEqual(visible.map((c) => c.id));
          cases += state.channels.size;
          seen += held.length;
        }
      }),
      { numRuns: 8400 },
    );
    expect(cases).toBeGreaterThan(100_000);
    expect(seen).toBeGreaterThan(1000);
  }, 120_000);

  test('a stranger has none, the owner all, whatever the overwrites say', () => {
    const world = new World();
    world.join(ANN);
    const id = world.channel('quiet', 0, {
      permission_overwrites: [{ id: GUILD, type: 0, allow: '0', deny: String(ALL_PERMISSIONS) }],
    });
    const channel = world.state.channels.get(id)!;
    expect(channelPermissions(world.state, OWNER, channel, START)).toBe(ALL_PERMISSIONS);
    expect(channelPermissions(world.state, ANN, channel, START)).toBe(0n);
    expect(channelPermissions(world.state, STRANGER, channel, START)).toBe(0n);
    expect(naiveSees(world.state, ANN, channel)).toBe(false);
  });

  test('a time-out leaves sight and history until it ends; administrators are exempt', () => {
    const world = new World();
    world.join(ANN, BEN, MOD);
    world.role('admin', P.Administrator, MOD);
    const until = new Date(START + 1000).toISOString();
    world.ok(OWNER, { kind: 'updateMember', userId: ANN, patch: { communication_disabled_until: until } });
    const channel = world.state.channels.get(world.byName('general'))!;
    const left = P.ViewChannel | P.ReadMessageHistory;
    expect(channelPermissions(world.state, ANN, channel, START)).toBe(left);
    expect(guildPermissions(world.state, ANN, START)).toBe(left);
    expect(channelPermissions(world.state, ANN, channel, START + 1000)).toBe(
      channelPermissions(world.state, BEN, channel, START),
    );
    const refusal = world.run(OWNER, {
      kind: 'updateMember',
      userId: MOD,
      patch: { communication_disabled_until: until },
    });
    expect(refusal.reply).toEqual({ refused: 'missingPermissions' });
  });

  test('text of clients: unknown bits are dropped, what is no number is none', () => {
    expect(parsePermissions('8')).toBe(P.Administrator);
    expect(parsePermissions(String(1n << 90n))).toBe(0n);
    expect(parsePermissions('-1')).toBe(null);
    expect(parsePermissions('0x8')).toBe(null);
  });
});
