/** What concerns two owners survives a crash between any two steps: it happens to both, or to none. */
import { describe, expect, test } from 'bun:test';
import type { Command } from '../../../src/protocol/commands.ts';
import {
  groupKey,
  guildKey,
  nameKey,
  type OwnerKey,
  pairKey,
  type Snowflake,
  userKey,
} from '../../../src/protocol/ids.ts';
import type { PublicUser } from '../../../src/protocol/records.ts';
import { draft } from '../guild/message-fixture.ts';
import { ANN, BEN, by, GUILD, STRANGER, user } from '../guild/world.ts';
import { userRecord } from '../user/fixtures.ts';
import { type Cut, CutWorld } from './cut-world.ts';

const HOME = guildKey(GUILD);
const PAIR = pairKey(ANN, BEN);
const GROUP = '1300000000000000500';
const DAN = user('1300000000000000007');
const FOLK = [ANN, BEN, STRANGER];

type Step = readonly [OwnerKey, Command | ((world: CutWorld) => Promise<Command>)];

const account = (one: PublicUser): Command => ({
  kind: 'createAccount',
  user: userRecord(one),
  token: null,
  application: null,
});
const found: Step = [HOME, { kind: 'createGuild', by: by(ANN), id: GUILD, name: 'Home', icon: null }];
const join: Step = [HOME, { kind: 'addMember', by: by('0'), user: user(BEN) }];
const open: Step = [PAIR, { kind: 'openDm', by: by(ANN), with: user(BEN) }];

interface Dm {
  readonly id: Snowflake;
  readonly type: number;
  readonly recipients: readonly PublicUser[];
  readonly last_message_id: Snowflake | null;
}

const say =
  (who: Snowflake, content: string) =>
  async (world: CutWorld): Promise<Command> => {
    const dm = await world.stored((store) => store.dm(PAIR));
    const words = draft({ content, nonce: content, enforceNonce: true });
    return { kind: 'createMessage', by: by(who), channelId: dm?.id ?? '', draft: words };
  };

/** `cut` counts from the command on; what is read to make it is not cut. */
async function perform(world: CutWorld, [key, make]: Step, cut: Cut | null = null): Promise<'lost' | 'answered'> {
  const command = typeof make === 'function' ? await make(world) : make;
  world.cutAt(cut);
  const reply = await world.ask(key, command);
  if (reply !== 'lost') expect(reply).toHaveProperty('ok');
  return reply === 'lost' ? 'lost' : 'answered';
}

/** DMs as a list shows them, without ids that differ from run to run. */
const listed = (dms: readonly Dm[]) =>
  dms.map(({ type, recipients, last_message_id: last }) => [
    type,
    recipients.map(({ id }) => id).sort(),
    last !== null,
  ]);

async function pictureOf(world: CutWorld, id: Snowflake) {
  const guilds = await world.read<readonly (readonly [Snowflake, number])[]>(userKey(id), { ask: 'guildList' });
  const stored = await world.stored((store) => store.guildsOf(id));
  // Both keys of a membership say the same row.
  expect(guilds).toEqual(stored.map(({ guild, seq }) => [guild, seq]));
  const dms = await world.read<readonly Dm[]>(userKey(id), { ask: 'dms' });
  const open = await world.stored((store) => store.dmsOf(id));
  expect(dms.map((dm) => dm.id).sort()).toEqual(open.map((dm) => dm.id).sort());
  return { guilds: guilds.map(([guild]) => guild), dms: listed(dms) };
}

/** What everybody sees in the end, from memory; a restart changes nothing of it. */
async function picture(world: CutWorld) {
  const dm = await world.stored((store) => store.dm(PAIR));
  const query = { channelId: dm?.id ?? '0', before: null, after: null, around: null, limit: 50 };
  const messages = await world.stored((store) => store.page(query));
  const guild = await world.stored((store) => store.guild(GUILD));
  const folk = [];
  for (const id of FOLK) folk.push(await pictureOf(world, id));
  expect(await world.stored((store) => store.tellers(null, 10))).toEqual([]);
  return {
    folk,
    members: guild?.members.map((member) => [member.user.id, member.user.username]),
    bans: guild?.bans.map((ban) => ban.user.id),
    uses: guild?.invites.map(({ uses }) => uses),
    messages: messages.map(({ message }) => message.wire.content),
    names: await Promise.all(['dan', 'dora', 'user003'].map((name) => holder(world, name))),
  };
}

const holder = (world: CutWorld, name: string) => world.stored((store) => store.userByLogin(name));

async function prepared(asksAgain: boolean, before: readonly Step[]): Promise<CutWorld> {
  const world = new CutWorld(asksAgain);
  for (const id of FOLK) await perform(world, [userKey(id), account(user(id))]);
  for (const step of before) await perform(world, step);
  return world;
}

async function story(name: string, before: readonly Step[], step: Step): Promise<void> {
  const calm = await prepared(true, before);
  const start = await picture(calm);
  await perform(calm, step);
  const steps = calm.taken;
  const end = await picture(calm);
  expect([name, steps > 3]).toEqual([name, true]);
  expect(end).not.toEqual(start);
  for (let n = 1; n <= steps; n += 1) {
    for (const how of ['before', 'after', 'fault', 'unheard'] as const) {
      const cut: Cut = { how, step: n };
      for (const asksAgain of [true, false]) {
        const world = await prepared(asksAgain, before);
        const answered = await perform(world, step, cut);
        const seen = await picture(world);
        const isWhole = Bun.deepEquals(seen, end);
        const isNone = answered === 'lost' && Bun.deepEquals(seen, start);
        if (!isWhole && !isNone) expect({ cut, asksAgain, seen }).toEqual({ cut, asksAgain, seen: end });
        await world.restart();
        expect({ cut, seen: await picture(world) }).toEqual({ cut, seen });
      }
    }
  }
}

const leave: Step = [HOME, { kind: 'removeMember', by: by(BEN), userId: BEN }];
const ban: Step = [HOME, { kind: 'ban', by: by(ANN), user: user(BEN), deleteMessageSeconds: 60 }];
const close: Step = [PAIR, { kind: 'closeDm', by: by(BEN) }];

const invited: Step = [
  HOME,
  async (world) => {
    const guild = await world.stored((store) => store.guild(GUILD));
    const channelId = guild?.channels.find(({ type }) => type === 0)?.id ?? '';
    const ends = { maxAge: 0, maxUses: 5, temporary: false, unique: true };
    return { kind: 'createInvite', by: by(ANN), channelId, code: 'welcome', ...ends };
  },
];
const accept: Step = [HOME, { kind: 'useInvite', by: by(BEN), code: 'welcome' }];
const group: Step = [
  groupKey(GROUP),
  { kind: 'createGroup', by: by(ANN), channelId: GROUP, recipients: [user(BEN), user(STRANGER)] },
];
const rename: Step = [userKey(ANN), { kind: 'updateUser', patch: { username: 'dora' } }];

const STORIES: Readonly<Record<string, readonly [readonly Step[], Step]>> = {
  'a guild is made': [[], found],
  'a guild ends': [
    [found, join],
    [HOME, { kind: 'deleteGuild', by: by(ANN) }],
  ],
  'a member is added': [[found], join],
  'a person joins by invite': [[found, invited], accept],
  'a member leaves': [[found, join], leave],
  'a member who left comes again': [[found, join, leave], join],
  'a member is banned': [[found, join], ban],
  'a DM is opened': [[], open],
  'a DM is closed': [[open, [PAIR, say(ANN, 'hi')]], close],
  'a message opens a closed DM': [
    [open, close],
    [PAIR, say(ANN, 'hi')],
  ],
  'a second message': [
    [open, [PAIR, say(ANN, 'one')]],
    [PAIR, say(BEN, 'two')],
  ],
  'a group is made': [[], group],
  'a name is claimed': [[], [nameKey('dan'), account({ ...DAN, username: 'dan' })]],
  'a user takes another name': [[found], rename],
};

describe('a crash between any two steps', () => {
  for (const [name, [before, step]] of Object.entries(STORIES)) test(name, () => story(name, before, step), 60_000);
});
