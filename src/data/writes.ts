/** Writes as a client sends them: the keys that the store binds are checked, records are taken as they are. */
import { z } from 'zod';
import { parseOwn } from '../protocol/json.ts';
import type { Write } from '../protocol/writes.ts';
import { id, owner } from '../store/grpc/query.ts';
import type { WriteName } from '../store/subjects.ts';

const key = z.string().min(1).max(4096);
const whole = z.number().int().nonnegative();
const record = (keys: z.ZodRawShape) => z.looseObject(keys);
const byId = record({ id });
const byUser = record({ user: byId });
const inMessage = { channelId: id, messageId: id };

const SHAPES: { readonly [Name in WriteName]: z.ZodRawShape } = {
  putGuild: { guild: byId },
  deleteGuild: { guildId: id },
  putChannel: { channel: record({ id, guild_id: id, last_message_id: id.nullable() }) },
  putLastMessage: inMessage,
  deleteChannel: { guildId: id, channelId: id },
  putChannelOwner: { channelId: id, owner },
  putRole: { guildId: id, role: byId },
  deleteRole: { guildId: id, roleId: id },
  putMember: { guildId: id, member: byUser, seq: whole },
  deleteMember: { guildId: id, userId: id },
  putBan: { guildId: id, ban: byUser },
  deleteBan: { guildId: id, userId: id },
  putInvite: { invite: record({ code: key, guild_id: id }) },
  deleteInvite: { code: key, guildId: id },
  putDm: { dm: record({ id, owner, last_message_id: id.nullable() }) },
  putDmOpen: { userId: id, owner, open: z.boolean() },
  putMessage: { message: record({ id, channel_id: id, author_id: id, wire: z.looseObject({}) }) },
  deleteMessages: { channelId: id, ids: z.array(id) },
  putNonce: { channelId: id, author: id, nonce: key, messageId: id, at: whole },
  putReaction: { ...inMessage, emoji: key, userId: id, at: whole },
  deleteReaction: { ...inMessage, emoji: key, userId: id },
  clearReactions: { ...inMessage, emoji: key.nullable() },
  putPin: { ...inMessage, at: key },
  deletePin: inMessage,
  putUser: { user: byUser },
  putLogin: { login: key, userId: id },
  deleteLogin: { login: key },
  putToken: { token: record({ hash: key, user: id }) },
  deleteToken: { hash: key },
  putApplication: { application: record({ id, owner: id }) },
  putCommand: { command: record({ application_id: id, id }) },
  deleteCommand: { application: id, id },
  putHeard: { user: id, teller: owner, seq: whole },
  putRow: { row: record({ seq: whole, note: z.string(), at: whole }) },
  putTell: { tell: record({ seq: whole, to: owner, command: z.string() }) },
  deleteTell: { seq: whole, to: owner },
  putResult: { commandId: key, result: z.string(), at: whole },
};

const forms = Object.entries(SHAPES).map(([w, shape]) => z.looseObject({ w: z.literal(w), ...shape }));
const write = z.discriminatedUnion('w', forms as [(typeof forms)[number], ...typeof forms]);

/** Ids are text in what is stored, which the shapes see to: no digits can be lost. */
const json = z.string().transform((text, context): unknown => {
  try {
    return parseOwn<unknown>(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'not JSON' });
    return z.NEVER;
  }
});

export const batchForm = z.object({
  owner,
  epoch: whole,
  writes: z
    .array(json.pipe(write))
    .max(100_000)
    .transform((writes) => writes as unknown as readonly Write[]),
});
