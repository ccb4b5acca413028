/** Random guilds for properties: few roles and bits, so that overwrites meet; ids that are snowflakes. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';
import fc from 'fast-check';
import { newChannel, newMember, newRole } from '../../../src/guild/guild-commands.ts';
import { loadGuild } from '../../../src/guild/guild-load.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { ChannelRecord, MemberRecord } from '../../../src/protocol/records.ts';
import { GUILD, START, user, World } from './world.ts';

export const ROLES = ['1300000000000000101', '1300000000000000102', '1300000000000000103', '1300000000000000104'];
export const USERS = ['1300000000000000201', '1300000000000000202', '1300000000000000203', '1300000000000000204'];
export const CHANNELS = ['1300000000000000301', '1300000000000000302', '1300000000000000303'];

const BITS = [
  P.ViewChannel,
  P.SendMessages,
  P.Administrator,
  P.Connect,
  P.AttachFiles,
  P.MentionEveryone,
  P.ReadMessageHistory,
  P.ManageRoles,
  P.BanMembers,
];

/** Mostly without ADMINISTRATOR, which hides everything else. */
export const anyBits: fc.Arbitrary<bigint> = fc
  .tuple(fc.subarray(BITS), fc.integer({ min: 0, max: 9 }))
  .map(([bits, luck]) =>
    bits.filter((bit) => bit !== P.Administrator || luck === 0).reduce((all, bit) => all | bit, 0n),
  );

export const anyOverwrites = fc.uniqueArray(fc.constantFrom(GUILD, ...ROLES, ...USERS), { maxLength: 5 }).chain((ids) =>
  fc.tuple(...ids.map((id) => fc.tuple(fc.constant(id), anyBits, anyBits))).map((list) =>
    list.map(([id, allow, deny]) => ({
      id,
      type: USERS.includes(id) ? 1 : 0,
      allow: String(allow),
      deny: String(deny & ~allow),
    })),
  ),
);

const anyMembers = fc.tuple(
  ...USERS.map((id) =>
    fc
      .tuple(fc.subarray(ROLES), fc.constantFrom(null, null, START - 1, START + 1))
      .map(([roles, until]): MemberRecord => {
        const communication_disabled_until = until === null ? null : new Date(until).toISOString();
        return { ...newMember(user(id), START), roles, communication_disabled_until };
      }),
  ),
);

const anyChannels = fc.tuple(
  ...CHANNELS.map((id) =>
    fc.tuple(fc.constantFrom(0, 2, 4, 5), anyOverwrites).map(([type, permission_overwrites]): ChannelRecord => {
      return { ...newChannel({ id, guild_id: GUILD, type, name: id.slice(-3) }), permission_overwrites };
    }),
  ),
);

const template = new World().state.guild;

export const anyGuild: fc.Arbitrary<GuildState> = fc
  .tuple(anyBits, fc.boolean(), fc.tuple(...ROLES.map(() => anyBits)), anyMembers, anyChannels)
  .map(([everyone, mayView, bits, members, channels]) => {
    const base = mayView ? everyone | P.ViewChannel : everyone;
    const roles = [
      newRole(GUILD, '@everyone', base, 0),
      ...ROLES.map((id, i) => newRole(id, id.slice(-3), bits[i] ?? 0n, i + 1)),
    ];
    const guild = { ...template, owner_id: USERS[0] ?? '' };
    return loadGuild({ guild, channels, roles, members, bans: [], invites: [] });
  });
