/** What a server in memory is filled with at its start: people, bots and guilds that name each other (docs/seed.md). */
import * as z from 'zod/mini';

const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));
const id = z.string().check(z.regex(/^[1-9]\d{16,18}$/, 'must be an id: 17 to 19 digits'));
const bits = z.string().check(z.regex(/^\d{1,20}$/, 'must be permissions as decimal text'));
/** The whole form is checked where tokens are read; the first part is the account's id (wire-rules.md rule 11). */
const token = z.string().check(
  z.refine((value) => idOfToken(value) !== null, {
    error: 'must be BASE64URL-OF-THE-ID.6-TO-12-CHARACTERS.20-TO-100-CHARACTERS',
  }),
);

const user = z.strictObject({
  name: text(2, 32).check(z.regex(/^[a-zA-Z0-9._]+$/, 'must be letters, digits, underscores and periods')),
  id: z.optional(id),
  token: z.optional(token),
  /** Without one nobody logs in: the token is the way in. */
  password: z.optional(text(8, 1024)),
  global_name: z.optional(text(1, 32)),
});
const bot = z.strictObject({ name: text(2, 32), id: z.optional(id), token: z.optional(token), owner: z.string() });
const role = z.strictObject({
  name: text(1, 100),
  permissions: z.optional(bits),
  color: z.optional(z.int().check(z.minimum(0), z.maximum(0xff_ffff))),
  hoist: z.optional(z.boolean()),
  mentionable: z.optional(z.boolean()),
});
/** `for`: a role, a user or a bot by name, or `@everyone`. */
const overwrite = z.strictObject({ for: z.string(), allow: z.optional(bits), deny: z.optional(bits) });
const channel = z.strictObject({
  name: text(1, 100),
  type: z.optional(z.enum(['text', 'voice', 'category', 'announcement'])),
  /** A category that stands above in the list. */
  category: z.optional(z.string()),
  topic: z.optional(text(0, 1024)),
  nsfw: z.optional(z.boolean()),
  overwrites: z.optional(z.array(overwrite)),
});
const member = z.strictObject({
  user: z.string(),
  nick: z.optional(text(1, 32)),
  roles: z.optional(z.array(z.string())),
});
const message = z.strictObject({
  channel: z.string(),
  author: z.string(),
  content: z.optional(text(0, 2000)),
  embeds: z.optional(z.array(z.unknown())),
  pinned: z.optional(z.boolean()),
});
const guild = z.strictObject({
  name: text(2, 100),
  id: z.optional(id),
  owner: z.string(),
  roles: z.optional(z.array(role)),
  /** All of them; without any the guild has those of a new one. */
  channels: z.optional(z.array(channel)),
  /** Besides the owner; he is named only for his roles. */
  members: z.optional(z.array(member)),
  messages: z.optional(z.array(message)),
});

const form = z.strictObject({
  users: z.optional(z.array(user)),
  bots: z.optional(z.array(bot)),
  guilds: z.optional(z.array(guild)),
});

export type Seed = z.infer<typeof form>;
export type SeedGuild = z.infer<typeof guild>;
export type SeedChannel = z.infer<typeof channel>;
export type SeedUser = z.infer<typeof user>;
export type SeedBot = z.infer<typeof bot>;
type Path = readonly (string | number)[];
type Wrong = (path: Path, message: string) => void;

/** Every name that is used is there, once. */
export const seedForm = form.check((checked) => {
  checkNames(checked.value, (path, message) => {
    checked.issues.push({ code: 'custom', input: checked.value, path: [...path], message });
  });
});

function checkNames({ users = [], bots = [], guilds = [] }: Seed, wrong: Wrong): void {
  unique(['users'], users, wrong);
  unique(['bots'], bots, wrong, names(users));
  unique(['guilds'], guilds, wrong);
  for (const [list, accounts] of Object.entries({ users, bots })) {
    for (const [at, { id: said, token: secret }] of accounts.entries()) {
      if (said === undefined || secret === undefined || idOfToken(secret) === said) continue;
      wrong([list, at, 'token'], `belongs to the id ${idOfToken(secret)}, not to ${said}`);
    }
  }
  for (const [at, { owner }] of bots.entries()) known(['bots', at, 'owner'], owner, names(users), 'users', wrong);
  const all = new Set([...names(users), ...names(bots)]);
  for (const [at, one] of guilds.entries()) {
    known(['guilds', at, 'owner'], one.owner, names(users), 'users', wrong);
    checkGuild(['guilds', at], one, all, wrong);
  }
}

function checkGuild(path: Path, one: SeedGuild, accounts: ReadonlySet<string>, wrong: Wrong): void {
  const { roles = [], channels, members = [], messages = [] } = one;
  unique([...path, 'roles'], roles, wrong);
  unique([...path, 'channels'], channels ?? [], wrong);
  const subjects = new Set([...names(roles), ...accounts, '@everyone']);
  for (const [at, { category, overwrites = [] }] of (channels ?? []).entries()) {
    const here = [...path, 'channels', at];
    const above = names((channels ?? []).slice(0, at).filter(({ type }) => type === 'category'));
    if (category !== undefined) known([...here, 'category'], category, above, 'the categories above it', wrong);
    for (const [n, each] of overwrites.entries()) {
      known([...here, 'overwrites', n, 'for'], each.for, subjects, 'the roles, users and bots', wrong);
    }
  }
  for (const [at, each] of members.entries()) {
    known([...path, 'members', at, 'user'], each.user, accounts, 'users and bots', wrong);
    for (const [n, name] of (each.roles ?? []).entries()) {
      known([...path, 'members', at, 'roles', n], name, names(roles), "the guild's roles", wrong);
    }
  }
  const inside = new Set([one.owner, ...members.map((each) => each.user)]);
  const rooms = channels === undefined ? new Set(['general']) : names(channels);
  for (const [at, { channel: room, author }] of messages.entries()) {
    known([...path, 'messages', at, 'channel'], room, rooms, "the guild's channels", wrong);
    known([...path, 'messages', at, 'author'], author, inside, "the guild's members", wrong);
  }
}

interface Named {
  readonly name: string;
}

const names = (things: readonly Named[]): ReadonlySet<string> => new Set(things.map(({ name }) => name));

function unique(path: Path, things: readonly Named[], wrong: Wrong, taken: ReadonlySet<string> = new Set()): void {
  const seen = new Set([...taken].map((name) => name.toLowerCase()));
  for (const [at, { name }] of things.entries()) {
    if (seen.has(name.toLowerCase())) wrong([...path, at, 'name'], `is there twice: ${name}`);
    seen.add(name.toLowerCase());
  }
}

function known(path: Path, name: string, among: ReadonlySet<string>, where: string, wrong: Wrong): void {
  if (!among.has(name)) wrong(path, `names ${JSON.stringify(name)}, which is not among ${where}`);
}

/** Null: no token. */
export function idOfToken(secret: string): string | null {
  const first = /^([\w-]{8,40})\.[\w-]{6,12}\.[\w-]{20,100}$/.exec(secret)?.[1];
  const said = first === undefined ? '' : Buffer.from(first, 'base64url').toString('latin1');
  return /^[1-9]\d{16,18}$/.test(said) ? said : null;
}

/** The small zod has no sentences of its own. */
const english = z.locales.en().localeError;

/** One sentence for each thing that is wrong, the field in front: `guilds[0].owner: names "x", …`. */
export function parseSeed(value: unknown): { readonly seed: Seed } | { readonly wrong: readonly string[] } {
  const parsed = seedForm.safeParse(value, { error: english });
  if (parsed.success) return { seed: parsed.data };
  return { wrong: parsed.error.issues.map(({ path, message }) => `${fieldOf(path.map(asStep))}: ${message}`) };
}

const asStep = (step: PropertyKey): string | number => (typeof step === 'number' ? step : String(step));

const fieldOf = (path: Path): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '') || 'the file';
