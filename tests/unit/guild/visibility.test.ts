import { describe, expect, test } from 'bun:test';
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import { decide } from '../../../src/guild/decide.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import { topicsOf } from '../../../src/guild/visibility.ts';
import type { Decision } from '../../../src/protocol/decision.ts';
import { type NaiveGuild, naiveVisibility } from './naive-permissions.ts';
import { anyBits, anyGuild, anyOverwrites, CHANNELS, ROLES, USERS } from './random-guilds.ts';
import { ANN, type BareCommand, BEN, by, events, GUILD, OWNER, SERVER_BY, START, story, user, World } from './world.ts';

const anyCommand: fc.Arbitrary<BareCommand> = fc.oneof(
  fc.record({
    kind: fc.constant('updateRole' as const),
    roleId: fc.constantFrom(GUILD, ...ROLES),
    patch: fc.record({ permissions: anyBits.map(String) }),
  }),
  fc.record({ kind: fc.constant('deleteRole' as const), roleId: fc.constantFrom(...ROLES) }),
  fc.record({
    kind: fc.constant('updateChannel' as const),
    channelId: fc.constantFrom(...CHANNELS),
    patch: fc.record({ permission_overwrites: anyOverwrites }),
  }),
  fc.record({
    kind: fc.constant('updateMember' as const),
    userId: fc.constantFrom(...USERS),
    patch: fc.record({ roles: fc.subarray(ROLES) }),
  }),
  fc.record({
    kind: fc.constantFrom('addMemberRole' as const, 'removeMemberRole' as const),
    userId: fc.constantFrom(...USERS),
    roleId: fc.constantFrom(...ROLES),
  }),
  fc.record({ kind: fc.constant('removeMember' as const), userId: fc.constantFrom(...USERS) }),
  fc.record({ kind: fc.constant('addMember' as const), user: fc.constantFrom(...USERS.map((id) => user(id))) }),
  fc.record({ kind: fc.constant('deleteChannel' as const), channelId: fc.constantFrom(...CHANNELS) }),
  fc.record({
    kind: fc.constant('createChannel' as const),
    draft: fc.record({ name: fc.constant('new'), type: fc.constant(0), permission_overwrites: anyOverwrites }),
  }),
  fc.record({ kind: fc.constant('updateGuild' as const), patch: fc.record({ owner_id: fc.constantFrom(...USERS) }) }),
);

let minted = 1_320_000_000_000_000_000n;
const turn = { now: START, mint: () => String(minted++), unheard: false, seq: (index: number) => index };
const run = (state: GuildState, command: BareCommand): Decision =>
  decide(state, { ...command, by: SERVER_BY } as never, turn);

const picture = (state: GuildState): NaiveGuild => ({
  guild: { ...state.guild },
  roles: new Map(state.roles),
  members: new Map(state.members),
  channels: new Map(state.channels),
});

/** What each user holds: follows rows as a worker does (envelope.ts, MovesEntry). */
class Holder {
  readonly topics = new Map<string, Set<string>>();

  constructor(state: GuildState) {
    for (const id of state.members.keys()) this.topics.set(id, new Set(topicsOf(state, id)));
  }

  follow(state: GuildState, { rows }: Decision): void {
    for (const row of rows) {
      // What a newcomer holds is answered after the decision.
      if (row.kind === 'join') this.topics.set(row.user, new Set(topicsOf(state, row.user)));
      if (row.kind === 'leave') this.topics.delete(row.user);
      if (row.kind === 'event' && row.t === 'CHANNEL_DELETE') {
        for (const held of this.topics.values()) held.delete(`c:${(JSON.parse(row.d) as { id: string }).id}`);
      }
      if (row.kind !== 'visibility') continue;
      for (const [id, held] of this.topics) {
        const saw = row.from === null || held.has(row.from);
        if (row.lost.includes(id)) held.delete(row.from ?? '');
        else if (row.gained.includes(id)) held.add(row.to ?? `g:${GUILD}`);
        else if (saw && row.from !== row.to) {
          held.delete(row.from ?? '');
          held.add(row.to ?? `g:${GUILD}`);
        }
      }
    }
  }
}

function checkRows(before: NaiveGuild, state: GuildState, decision: Decision): number {
  const was = naiveVisibility(before);
  const is = naiveVisibility(state);
  let compared = 0;
  for (const [channel, users] of is) {
    const old = was.get(channel);
    const row = decision.rows.find((r) => r.kind === 'visibility' && r.channel === channel);
    const [gained, lost] = row?.kind === 'visibility' ? [row.gained, row.lost] : [[], []];
    const stayed = [...users].filter((id) => before.members.has(id));
    if (old === undefined) {
      if (row !== undefined) expect([...gained].sort()).toEqual([...users].sort());
      continue;
    }
    expect([...gained].sort()).toEqual(stayed.filter((id) => !old.has(id)).sort());
    expect([...lost].sort()).toEqual([...old].filter((id) => !users.has(id) && state.members.has(id)).sort());
    compared += gained.length + lost.length;
  }
  return compared;
}

describe('visibility', () => {
  test('after any change, gained and lost are the difference of the naive views, and followed rows lead to the topics of now', () => {
    let moves = 0;
    fc.assert(
      fc.property(anyGuild, fc.array(anyCommand, { minLength: 1, maxLength: 12 }), (state, commands) => {
        const holder = new Holder(state);
        for (const command of commands) {
          const before = picture(state);
          const decision = run(state, command);
          moves += checkRows(before, state, decision);
          holder.follow(state, decision);
          for (const id of state.members.keys())
            expect([...(holder.topics.get(id) ?? [])].sort()).toEqual(topicsOf(state, id).sort());
          expect(holder.topics.size).toBe(state.members.size);
        }
      }),
      { numRuns: 1500 },
    );
    expect(moves).toBeGreaterThan(1000);
  }, 120_000);

  test('a channel that becomes private moves those who stay, silently, and takes it from the others', () => {
    const world = new World();
    world.join(ANN, BEN);
    const role = world.role('staff', 0n, ANN);
    const channelId = world.byName('general');
    world.ok(OWNER, {
      kind: 'putOverwrite',
      channelId,
      overwrite: { id: role, type: 0, allow: String(P.ViewChannel), deny: '0' },
    });
    const deny = { id: GUILD, type: 0, allow: '0', deny: String(P.ViewChannel) };
    const decision = world.run(OWNER, { kind: 'putOverwrite', channelId, overwrite: deny });
    expect(story(decision)).toEqual(['+0-1', 'CHANNEL_UPDATE']);
    expect(decision.rows[0]).toMatchObject({ from: null, to: `c:${channelId}`, gained: [], lost: [BEN] });
    expect(events(decision)[0]?.topic).toBe(`c:${channelId}`);
    const back = world.run(OWNER, { kind: 'deleteOverwrite', channelId, targetId: GUILD });
    expect(back.rows[0]).toMatchObject({ from: `c:${channelId}`, to: null, gained: [BEN], lost: [] });
  });

  test('a private channel is born as a row with those who see it, a public one as an event', () => {
    const world = new World();
    world.join(ANN);
    const deny = { id: GUILD, type: 0 as const, allow: '0', deny: String(P.ViewChannel) };
    const born = world.run(OWNER, {
      kind: 'createChannel',
      draft: { name: 'den', type: 0, permission_overwrites: [deny] },
    });
    expect(born.rows[0]).toMatchObject({ kind: 'visibility', gained: [OWNER], lost: [] });
    expect(story(world.run(OWNER, { kind: 'createChannel', draft: { name: 'hall', type: 0 } }))).toEqual([
      'CHANNEL_CREATE',
    ]);
  });

  test('who may ban holds the topic of bans, and nothing is shown of that', () => {
    const world = new World();
    world.join(ANN, BEN);
    const role = world.role('warden', P.BanMembers);
    const [topic, silent] = [`b:${GUILD}`, { created: null, deleted: null }];
    const holds = () => [OWNER, ANN, BEN].filter((id) => topicsOf(world.state, id).includes(topic));
    expect(holds()).toEqual([OWNER]);
    const made = world.run(OWNER, { kind: 'addMemberRole', userId: ANN, roleId: role });
    expect(made.rows.at(-1)).toMatchObject({ from: topic, to: topic, gained: [ANN], lost: [], ...silent });
    expect(holds()).toEqual([OWNER, ANN]);
    const banned = world.run(ANN, { kind: 'ban', user: user(BEN), deleteMessageSeconds: 0 });
    expect(events(banned).map((event) => [event.t, event.topic])).toEqual([
      ['GUILD_MEMBER_REMOVE', `g:${GUILD}`],
      ['GUILD_BAN_ADD', topic],
    ]);
    expect(events(world.run(ANN, { kind: 'unban', userId: BEN }))[0]?.topic).toBe(topic);
    const taken = world.run(OWNER, { kind: 'updateRole', roleId: role, patch: { permissions: '0' } });
    expect(taken.rows.at(-1)).toMatchObject({ from: topic, to: topic, gained: [], lost: [ANN], ...silent });
    expect(holds()).toEqual([OWNER]);
  });

  test('changes that concern no view make no rows of visibility; 5,000 members and 50 channels cost little', () => {
    const world = new World();
    for (let i = 0; i < 5000; i += 1) world.join(String(1_400_000_000_000_000_000n + BigInt(i)));
    const role = world.role('staff', P.KickMembers);
    const deny = { id: GUILD, type: 0 as const, allow: '0', deny: String(P.ViewChannel) };
    for (let i = 0; i < 50; i += 1) world.channel(`den${i}`, 0, { permission_overwrites: [deny] });
    expect(story(world.run(OWNER, { kind: 'updateRole', roleId: role, patch: { permissions: '0' } }))).toEqual([
      'GUILD_ROLE_UPDATE',
    ]);
    const admin = world.run(OWNER, {
      kind: 'updateRole',
      roleId: GUILD,
      patch: { permissions: String(P.Administrator) },
    });
    expect(story(admin).filter((row) => row === '+5000-0')).toHaveLength(50 + 1);
    expect(by(OWNER).id).toBe(OWNER);
  });
});
