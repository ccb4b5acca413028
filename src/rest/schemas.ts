/**
 * Forms of requests: those of the official specification (discord-api-spec), extended where people's routes, Discord's real habits or our limits need it.
 * The specification says `number` for permission bits; every client sends decimal text, and both are taken.
 */
import * as z from 'zod/mini';
import * as spec from '../protocol/gen/discord-requests.js';
import { isSnowflake } from '../protocol/ids.ts';
import { wireTime } from '../protocol/wire-time.ts';

const MAX_CONTENT = 2000;

type Shape = Record<string, z.ZodMiniType>;
type Extended<T, S extends Shape> = Omit<T, keyof S> & z.infer<z.ZodMiniObject<S>>;

/** The specification's form with some fields of our own. */
export function extended<T, const S extends Shape>(base: z.ZodMiniType<T>, shape: S): z.ZodMiniType<Extended<T, S>> {
  return z.extend(base as unknown as z.ZodMiniObject, shape) as unknown as z.ZodMiniType<Extended<T, S>>;
}

export const snowflake: z.ZodMiniType<string> = z.stringFormat('snowflake', isSnowflake);
export const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));

/** Decimal text of at most 64 bits. */
export const bits = z.pipe(
  z.union([z.string().check(z.regex(/^\d{1,20}$/)), z.int().check(z.minimum(0))]),
  z.transform((value) => String(value)),
);

/** Any ISO 8601 time; comes out as Discord writes it. discord.py sends offsets, which the specification's form does not take. */
export const moment = z.pipe(
  z.string().check(
    z.refine((value) => /^\d{4}-\d\d-\d\d/.test(value) && !Number.isNaN(Date.parse(value)), {
      error: 'Should be ISO8601.',
    }),
  ),
  z.transform((value) => wireTime(Date.parse(value))),
);

/** `data:image/png;base64,…` (docs/reference, image data). */
export const imageData = z.string().check(
  z.regex(/^data:image\/(png|jpeg|jpg|gif|webp);base64,[A-Za-z0-9+/=\s]+$/, {
    error: 'Must be a picture as data:image/png;base64,… (or jpeg, gif, webp).',
  }),
);

const embed = extended(spec.RichEmbedSchema, { timestamp: z.nullish(moment) });
const embeds = z.nullish(z.array(embed).check(z.maxLength(10)));
const content = z.nullish(z.string().check(z.maxLength(MAX_CONTENT)));

/** The specification's ids have no end; this one is looked for in the store. */
const reference = extended(spec.MessageReferenceRequestSchema, { message_id: snowflake });
export const messageCreate = extended(spec.MessageCreateRequestSchema, {
  content,
  embeds,
  embed: z.nullish(embed),
  message_reference: z.nullish(reference),
});
export const messageEdit = extended(spec.MessageEditRequestPartialSchema, { content, embeds });
export const bulkDelete = z.object({ messages: z.array(snowflake) });

export const overwrite = z.object({
  id: snowflake,
  type: z.pipe(z.nullish(z.union([z.literal([0, 1]), z.literal(['role', 'member'])])), z.transform(overwriteType)),
  allow: z.nullish(bits),
  deny: z.nullish(bits),
});
export const overwritePut = z.omit(overwrite, { id: true });

/** Old clients say `role` and `member` (v6 form, discordgo). */
function overwriteType(type: 0 | 1 | 'role' | 'member' | null | undefined): 0 | 1 {
  return type === 1 || type === 'member' ? 1 : 0;
}

const bound = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
/** 384 kbit/s is the most of any boost level (docs/resources/channel). */
const bitrate = z.nullish(bound(8000, 384_000));
const overwrites = z.nullish(z.array(overwrite).check(z.maxLength(100)));
export const channelCreate = extended(spec.CreateGuildChannelRequestSchema, {
  permission_overwrites: overwrites,
  bitrate,
});
export const channelEdit = extended(spec.UpdateGuildChannelRequestPartialSchema, {
  permission_overwrites: overwrites,
  bitrate,
  icon: z.nullish(imageData),
});
export const channelMoves = z
  .array(
    z.object({
      id: snowflake,
      position: z.nullish(z.int().check(z.minimum(0), z.maximum(10_000))),
      parent_id: z.nullish(snowflake),
      lock_permissions: z.nullish(z.boolean()),
    }),
  )
  .check(z.maxLength(500));

/** An empty name is taken: the guild gives its default. */
const role = {
  name: z.nullish(z.string().check(z.maxLength(100))),
  permissions: z.nullish(bits),
  icon: z.nullish(imageData),
};
export const roleCreate = extended(spec.CreateRoleRequestSchema, role);
export const roleEdit = extended(spec.UpdateRoleRequestPartialSchema, role);
export const roleMoves = z.array(z.object({ id: snowflake, position: z.nullish(z.int()) })).check(z.maxLength(250));

const guildName = z.string().check(z.trim(), z.minLength(2), z.maxLength(100));
export const guildCreate = z.object({ name: guildName, icon: z.nullish(imageData) });
export const guildEdit = extended(spec.GuildPatchRequestPartialSchema, {
  name: z.optional(guildName),
  system_channel_flags: z.nullish(bound(0, 2 ** 31 - 1)),
  icon: z.nullish(imageData),
  owner_id: z.optional(snowflake),
});
export const memberEdit = z.object({
  nick: z.nullish(z.string().check(z.maxLength(32))),
  roles: z.nullish(z.array(snowflake).check(z.maxLength(250))),
  mute: z.nullish(z.boolean()),
  deaf: z.nullish(z.boolean()),
  channel_id: z.nullish(snowflake),
  communication_disabled_until: z.nullish(moment),
  flags: z.nullish(bound(0, 2 ** 31 - 1)),
});
export const memberAdd = spec.BotAddGuildMemberRequestSchema;
export const selfEdit = z.object({ nick: z.nullish(z.string().check(z.maxLength(32))) });

export const inviteCreate = z.object({
  max_age: z.nullish(bound(0, 604_800)),
  max_uses: z.nullish(bound(0, 100)),
  temporary: z.nullish(z.boolean()),
  unique: z.nullish(z.boolean()),
});
export const ban = spec.BanUserFromGuildRequestSchema;
export const bulkBan = extended(spec.BulkBanUsersRequestSchema, {
  user_ids: z.array(snowflake).check(z.minLength(1), z.maxLength(200)),
});

/** `nsfw` is documented but not in the specification. */
const command = { default_member_permissions: z.nullish(bits), nsfw: z.nullish(z.boolean()) };
export const commandCreate = extended(spec.ApplicationCommandCreateRequestSchema, command);
export const commandEdit = extended(spec.ApplicationCommandPatchRequestPartialSchema, command);
export const commandSet = z.array(extended(spec.ApplicationCommandUpdateRequestSchema, command));

/** `recipients` as people's clients send it for a group DM. */
export const privateChannel = z.object({
  recipient_id: z.nullish(snowflake),
  recipients: z.nullish(z.array(snowflake).check(z.minLength(1), z.maxLength(9))),
});

const username = z
  .string()
  .check(
    z.minLength(2),
    z.maxLength(32),
    z.regex(/^[\p{L}\p{N} ._-]+$/u, { error: 'May have only letters, digits, blanks, ".", "_" and "-".' }),
  );
export const userEdit = z.object({
  username: z.optional(username),
  global_name: z.nullish(z.string().check(z.maxLength(32))),
  avatar: z.nullish(imageData),
  banner: z.nullish(imageData),
  accent_color: z.nullish(bound(0, 0xff_ffff)),
  bio: z.nullish(z.string().check(z.maxLength(190))),
  password: z.optional(z.string().check(z.maxLength(1024))),
  new_password: z.optional(text(8, 1024)),
});
/** Names of people are unique, so they have a narrower alphabet (Discord's own since 2023). */
export const register = z.object({
  username: z
    .string()
    .check(
      z.minLength(2),
      z.maxLength(32),
      z.regex(/^[a-zA-Z0-9._]+$/, { error: 'May have only letters from a to z, digits, "." and "_".' }),
    ),
  password: text(8, 1024),
  email: z.nullish(
    z.string().check(z.maxLength(320), z.regex(/^[^@\s]+@[^@\s]+$/, { error: 'Not a well formed email address.' })),
  ),
  global_name: z.nullish(z.string().check(z.maxLength(32))),
  invite: z.nullish(z.string().check(z.maxLength(100))),
});
export const login = z.object({ login: text(1, 320), password: text(1, 1024) });
export const applicationCreate = z.object({
  name: text(2, 32),
  description: z.nullish(z.string().check(z.maxLength(400))),
});
export const applicationEdit = z.object({
  name: z.optional(text(2, 32)),
  description: z.nullish(z.string().check(z.maxLength(400))),
  icon: z.nullish(imageData),
  flags: z.nullish(z.int().check(z.minimum(0))),
  bot_public: z.nullish(z.boolean()),
});
export const authorize = z.object({
  guild_id: z.nullish(snowflake),
  permissions: z.nullish(bits),
  authorize: z.optional(z.boolean()),
});
