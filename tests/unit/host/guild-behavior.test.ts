import { describe, expect, test } from 'bun:test';
import { GuildBehavior, loadGuildBehavior } from '../../../src/host/guild-behavior.ts';
import type { By } from '../../../src/protocol/commands.ts';
import type { GuildLoad } from '../../../src/store/ports.ts';
import { by, GUILD, OWNER, START, STRANGER, World } from '../guild/world.ts';

const now = () => START;
const createBy = (who: By) => ({ kind: 'createGuild', by: who, id: GUILD, name: 'Home', icon: null }) as const;

function stored(world: World): GuildLoad {
  const { guild, channels, roles, members, bans, invites } = world.state;
  const list = <T>(map: ReadonlyMap<string, T>): T[] => [...map.values()];
  return {
    guild,
    channels: list(channels),
    roles: list(roles),
    members: list(members),
    bans: list(bans),
    invites: list(invites),
  };
}

describe('a guild as an actor', () => {
  test('that is not stored waits to be made, is, and ends', async () => {
    const world = new World();
    const guild = await loadGuildBehavior({ guild: async () => null }, GUILD, now, 1);
    expect(guild.decide({ kind: 'deleteGuild', by: by(OWNER) }, world.turn()).reply).toEqual({
      refused: 'unknownGuild',
    });
    expect(guild.question({ ask: 'roles', by: OWNER }, START)).toEqual({ refused: 'unknownGuild' });
    expect([guild.isMember(OWNER), guild.topicsOf(OWNER)]).toEqual([false, []]);
    expect(guild.decide(createBy(by(OWNER)), world.turn()).reply).toMatchObject({ ok: { id: GUILD } });
    expect(guild.decide(createBy(by(OWNER)), world.turn()).reply).toEqual({ refused: 'conflict' });
    expect([guild.isMember(OWNER), guild.topicsOf(OWNER)]).toEqual([true, [`g:${GUILD}`, `b:${GUILD}`]]);
    const gone = guild.decide({ kind: 'deleteGuild', by: by(OWNER) }, world.turn()).reply;
    expect(gone).toMatchObject({ ok: { roles: [GUILD] } });
    expect(guild.isMember(OWNER)).toBe(false);
  });

  test('that is stored is as it was, tells again what is, and leaves out what is gone', async () => {
    const world = new World();
    const guild = await loadGuildBehavior({ guild: async () => stored(world) }, GUILD, now, 1);
    const ask = {
      ask: 1,
      session: 's',
      user: OWNER,
      worker: '0.0',
      hop: 0,
      mask: 0,
      since: null,
      held: null,
      person: true,
      carried: null,
    };
    const whole = new GuildBehavior(world.state, now, 1);
    expect(guild.snapshot(ask)).toEqual(whole.snapshot(ask));
    const again = (thing: 'guild' | 'channel' | 'role' | 'member', id: string) => {
      const d = guild.retell('X', { as: 'thing', thing, id }, null);
      return d === null ? null : (JSON.parse(d) as unknown);
    };
    const general = world.byName('general');
    expect(again('channel', general)).toMatchObject({ id: general, guild_id: GUILD });
    expect(again('role', GUILD)).toMatchObject({ guild_id: GUILD, role: { id: GUILD } });
    expect(again('member', OWNER)).toMatchObject({ guild_id: GUILD, user: { id: OWNER } });
    expect(again('guild', GUILD)).toMatchObject({ id: GUILD });
    expect([again('channel', '1'), again('member', STRANGER)]).toEqual([null, null]);
    expect(guild.decide({ kind: 'closeDm', by: by(OWNER) }, world.turn()).reply).toEqual({ refused: 'notFound' });
  });

  test('names the states of a channel anew with each load', async () => {
    const world = new World();
    const ask = { ask: 'mayRead', by: OWNER, channelId: world.byName('general') } as const;
    const generationOf = async (epoch: number): Promise<string> => {
      const guild = await loadGuildBehavior({ guild: async () => stored(world) }, GUILD, now, epoch);
      const [first, second] = [guild.question(ask, START), guild.question(ask, START)];
      expect(second).toEqual(first);
      return JSON.stringify(first);
    };
    expect(await generationOf(2)).not.toBe(await generationOf(1));
    expect(await generationOf(2)).toContain('generation');
    const guild = await loadGuildBehavior({ guild: async () => stored(world) }, GUILD, now, 1);
    expect(guild.question({ ...ask, by: STRANGER }, START)).toHaveProperty('refused');
  });
});
