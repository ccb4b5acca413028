/** A guild goes page by page: nothing that is asked for or sent grows with it, and who is cut in the middle is gone on with. */
import { expect, test } from 'bun:test';
import type { Snowflake } from '../../../src/protocol/ids.ts';
import type { Param, Statement } from '../../../src/store/cql/cluster.ts';
import { sweepGuild } from '../../../src/store/cql/guild-sweep.ts';
import { MEMBER_SLICES } from '../../../src/store/cql/guilds.ts';
import type { Hands } from '../../../src/store/cql/hands.ts';

const GUILD = '5';
const STAMP = '1000';
const PAGE = 1000;

/** The tables that name a guild. */
class Tables {
  readonly members = new Map<number, Set<Snowflake>>();
  readonly memberships = new Set<Snowflake>();
  readonly keys = { channel: new Set<string>(), invite: new Set<string>() };
  readonly lastMessages = new Set<string>();
  readonly invites = new Set<string>();
  largest = 0;
  mostAtOnce = 0;
  writes = 0;
  #atOnce = 0;

  constructor(users: number, channels: number) {
    for (let n = 1; n <= users; n += 1) {
      const [id, slice] = [String(n).padStart(9, '0'), n % 3];
      this.members.set(slice, (this.members.get(slice) ?? new Set()).add(id));
      this.memberships.add(id);
    }
    for (let n = 1; n <= channels; n += 1) {
      for (const set of [this.keys.channel, this.lastMessages]) set.add(`c${n}`);
      for (const set of [this.keys.invite, this.invites]) set.add(`i${n}`);
    }
  }

  get left(): number {
    const { channel, invite } = this.keys;
    const members = [...this.members.values()].reduce((sum, slice) => sum + slice.size, 0);
    return members + this.memberships.size + channel.size + invite.size + this.lastMessages.size + this.invites.size;
  }

  hands(cut = Number.POSITIVE_INFINITY): Hands {
    return {
      read: async <Row>(cql: string, params: readonly Param[]) => {
        const [, of, after, limit] = params;
        const rows = cql.includes('.members') ? this.members.get(Number(of)) : this.keys[of as 'channel' | 'invite'];
        const found = [...(rows ?? [])].sort().filter((key) => key > String(after).replace('-1', ''));
        const page = found.slice(0, Number(limit));
        this.largest = Math.max(this.largest, page.length);
        return page.map((key) => ({ user_id: key, key }) as Row);
      },
      persist: async (statements) => {
        this.#atOnce += 1;
        this.mostAtOnce = Math.max(this.mostAtOnce, this.#atOnce);
        await Promise.resolve();
        this.#atOnce -= 1;
        if (this.writes >= cut) throw new Error('the process is dead');
        this.writes += 1;
        for (const statement of statements) this.#run(statement);
        return true;
      },
    };
  }

  #run({ cql, params: [stamp, key, slice] }: Statement): void {
    expect(stamp).toBe(STAMP);
    if (cql.includes('{}.memberships')) this.memberships.delete(String(key));
    else if (cql.includes('{}.members ')) this.members.delete(Number(slice));
    else if (cql.includes('last_message_id')) this.lastMessages.delete(String(key));
    else if (cql.includes('{}.invites')) this.invites.delete(String(key));
    else for (const set of Object.values(this.keys)) set.clear();
  }
}

test('pages and what is under way are bounded, and nothing is left', async () => {
  const tables = new Tables(7500, 1200);
  await sweepGuild(tables.hands(), GUILD, STAMP);
  expect(tables.left).toBe(0);
  expect(tables.largest).toBe(PAGE);
  expect(tables.mostAtOnce).toBeLessThanOrEqual(32);
});

test('one that is cut anywhere is gone on with by doing it again', async () => {
  const whole = new Tables(100, 20);
  await sweepGuild(whole.hands(), GUILD, STAMP);
  expect(whole.writes).toBe(100 + MEMBER_SLICES + 2 * 20 + 1);
  for (let cut = 0; cut < whole.writes; cut += 1) {
    const tables = new Tables(100, 20);
    await expect(sweepGuild(tables.hands(cut), GUILD, STAMP)).rejects.toThrow('dead');
    await sweepGuild(tables.hands(), GUILD, STAMP);
    expect(tables.left).toBe(0);
  }
});
