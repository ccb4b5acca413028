/**
 * `npx bun bench/visibility.ts`: how long a guild's turn takes that edits a role after which the holders see what they did not see: who sees what is looked
 * through for all its members. Beside it, in turns and in the same run, the least: one look at each role of each member. JSON with `--json`.
 */
import { OverwriteType, PermissionFlagsBits } from 'discord-api-types/v10';
import { decide } from '../src/guild/decide.ts';
import { loadGuild } from '../src/guild/guild-load.ts';
import type { GuildState } from '../src/guild/state.ts';
import { seqOf } from '../src/protocol/envelope.ts';
import { Mint } from '../src/protocol/snowflake.ts';
import {
  channelRecord,
  guildRecord,
  memberRecord,
  publicUser,
  roleRecord,
} from '../tests/conformance/store-records.ts';
import { machine, median, rounded } from './crowd.ts';

const MEMBERS = Number(process.env.BENCH_MEMBERS ?? 100_000);
/** None of them is for everybody: each is for two of the roles. */
const CHANNELS = 100;
const ROLES = 50;
/** How many different sets of roles the members have: who has the same is looked at once. */
const SETS = [20, 1000, 20_000] as const;
const ROUNDS = 9;
const [OWNER, GUILD] = ['1', '10'];
const VIEW = String(PermissionFlagsBits.ViewChannel);
const ALL = String(PermissionFlagsBits.Administrator);
const EDITED = '103';

function gather(sets: number): GuildState {
  const role = (id: string) => ({ ...roleRecord(id), permissions: '0' });
  const roles = Array.from({ length: ROLES }, (_, n) => role(String(100 + n)));
  const allow = (n: number) => ({ id: roles[n % ROLES]?.id ?? '', type: OverwriteType.Role, allow: VIEW, deny: '0' });
  const channels = Array.from({ length: CHANNELS }, (_, n) => ({
    ...channelRecord(GUILD, String(1000 + n)),
    permission_overwrites: [allow(n), allow(7 * n + 3)],
  }));
  const rolesOf = (set: number) =>
    [set, 7 * set + Math.floor(set / ROLES), Math.floor(set / (ROLES * ROLES))].map((n) => String(100 + (n % ROLES)));
  const members = Array.from({ length: MEMBERS }, (_, n) => ({
    ...memberRecord(n === 0 ? OWNER : String(10_000_000 + n)),
    roles: [...new Set(rolesOf(n % sets))],
  }));
  const guild = { ...guildRecord(GUILD), owner_id: OWNER };
  return loadGuild({ guild, channels, roles: [role(GUILD), ...roles], members, bans: [], invites: [] });
}

const mint = new Mint(1);
const turn = {
  now: Date.now(),
  unheard: false,
  mint: (after: string | null = null) => mint.next(Date.now(), after),
  seq: (n: number) => seqOf(1, n + 1),
};
const by = { id: OWNER, self: publicUser(OWNER), reason: null };

/** Every other time they lose it again. Gives how many users the rows name. */
function edit(state: GuildState, round: number): number {
  const patch = { permissions: round % 2 === 0 ? ALL : '0' };
  const { reply, rows } = decide(state, { kind: 'updateRole', by, roleId: EDITED, patch }, turn);
  if (!('ok' in reply)) throw new Error(`refused: ${reply.refused}`);
  return rows.reduce((sum, row) => sum + ('gained' in row ? row.gained.length + row.lost.length : 0), 0);
}

function look({ members }: GuildState): number {
  let holders = 0;
  for (const { roles } of members.values()) for (const id of roles) if (id === EDITED) holders += 1;
  return holders;
}

function timed(work: () => number): readonly [ms: number, count: number] {
  const began = performance.now();
  const count = work();
  return [performance.now() - began, count];
}

const rows = SETS.map((sets) => {
  const state = gather(sets);
  const rounds = Array.from({ length: ROUNDS }, (_, round) => {
    const [looked, holders] = timed(() => look(state));
    const [took, named] = timed(() => edit(state, round));
    if (named === 0 || holders === 0) throw new Error('nobody sees anything new');
    return { looked, took, holders, named };
  }).slice(1);
  const [took, looked] = [median(rounds.map((each) => each.took)), median(rounds.map((each) => each.looked))];
  const worst = Math.max(...rounds.map((each) => each.took));
  const { holders, named } = rounds[0] ?? { holders: 0, named: 0 };
  return { sets, holders, named, tookMs: rounded(took), worstMs: rounded(worst), lookedMs: rounded(looked) };
});

if (process.argv.includes('--json'))
  console.log(JSON.stringify({ machine, members: MEMBERS, channels: CHANNELS, rows }, null, 2));
else {
  console.log(
    `${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}; ${MEMBERS} members, ${CHANNELS} private channels`,
  );
  console.log('sets of roles | holders | users named in rows | turn, median | worst | one look at each role');
  for (const { sets, holders, named, tookMs, worstMs, lookedMs } of rows)
    console.log(`${sets} | ${holders} | ${named} | ${tookMs} ms | ${worstMs} ms | ${lookedMs} ms`);
}
