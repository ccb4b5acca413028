/** Application commands, global and of one guild (docs/interactions/application-commands). They are registered here; they run later. */
import type { CommandDraft } from '../protocol/commands.ts';
import { guildKey, type OwnerKey, type Snowflake, userKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { compact } from './compact.ts';
import { refused, refusedField } from './refused.ts';
import { noContent, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { commandCreate, commandEdit, commandSet } from './schemas.ts';

/** A hundred commands of the largest size, with their translations. */
const SET_BODY_BYTES = 8 * 1024 * 1024;
const CHAT_INPUT = 1;
/** docs: application command naming. */
const CHAT_NAME = /^[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]{1,32}$/u;

interface Scope {
  readonly application: OwnerKey;
  readonly guildId: Snowflake | null;
}

/** The caller is the application, or owns it; a guild's commands only where its bot is. Anything else does not exist for him. */
async function scopeOf(call: Call): Promise<Scope> {
  const applicationId = call.id('applicationId');
  const guildId = call.param('guildId') === '' ? null : call.id('guildId');
  const { kind, application } = call.account;
  if (kind === 'bot' ? application?.id !== applicationId : !(await owns(call, applicationId)))
    throw refused('missingAccess');
  if (guildId !== null) {
    await call.peek(guildKey(guildId), { ask: 'member', by: applicationId, userId: applicationId }).catch(() => {
      throw refused('missingAccess');
    });
  }
  return { application: userKey(applicationId), guildId };
}

async function owns(call: Call, applicationId: Snowflake): Promise<boolean> {
  return (await call.edge.deps.store.application(applicationId))?.owner === call.userId;
}

/** Translations only when asked for; else only those keys are missing. */
async function listCommands(call: Call): Promise<Outcome> {
  const { application, guildId } = await scopeOf(call);
  const commands = await call.read<readonly Record<string, unknown>[]>(application, { ask: 'commands', guildId });
  if (call.query.flag('with_localizations')) return ok(commands);
  return ok(commands.map(({ name_localizations, description_localizations, ...rest }) => rest));
}

async function createCommand(call: Call): Promise<Outcome> {
  const scope = await scopeOf(call);
  const draft = draftOf(await call.body(commandCreate), []);
  const put = { kind: 'putCommand', guildId: scope.guildId, draft } as const;
  const [command, isNew] = await call.ask<readonly [unknown, boolean]>(scope.application, put);
  return { status: isNew ? 201 : 200, body: command };
}

async function bulkSetCommands(call: Call): Promise<Outcome> {
  const { application, guildId } = await scopeOf(call);
  const drafts = (await call.body(commandSet)).map(({ id: _id, ...form }, index) => draftOf(form, [index]));
  return ok(await call.ask(application, { kind: 'setCommands', guildId, drafts }));
}

async function getCommand(call: Call): Promise<Outcome> {
  const { application, guildId } = await scopeOf(call);
  return ok(await call.read(application, { ask: 'command', guildId, commandId: call.id('commandId') }));
}

async function updateCommand(call: Call): Promise<Outcome> {
  const { application, guildId } = await scopeOf(call);
  const patch = (await call.body(commandEdit)) as Partial<CommandDraft>;
  const commandId = call.id('commandId');
  const options = patch.options === undefined ? {} : { options: compact(patch.options ?? []) };
  return ok(
    await call.ask(application, { kind: 'updateCommand', guildId, commandId, patch: { ...patch, ...options } }),
  );
}

async function deleteCommand(call: Call): Promise<Outcome> {
  const { application, guildId } = await scopeOf(call);
  await call.ask(application, { kind: 'deleteCommand', guildId, commandId: call.id('commandId') });
  return noContent;
}

type Form = ReturnType<typeof commandCreate.parse>;

/** The rules of one command that the specification leaves to words. */
function draftOf(form: Form, path: readonly number[]): CommandDraft {
  const type = form.type ?? CHAT_INPUT;
  if (type === CHAT_INPUT) {
    const bad = !CHAT_NAME.test(form.name) || form.name !== form.name.toLowerCase();
    if (bad) throw refusedField([...path, 'name'], 'APPLICATION_COMMAND_INVALID_NAME', 'Command name is invalid');
    if (!form.description) throw refusedField([...path, 'description'], 'BASE_TYPE_REQUIRED', 'This field is required');
  }
  return { ...(compact(form) as Record<string, unknown>), name: form.name, type };
}

const resource = (base: string): Route[] => [
  route('GET', base, listCommands),
  route('POST', base, createCommand),
  route('PUT', base, bulkSetCommands, { maxBodyBytes: SET_BODY_BYTES }),
  route('GET', `${base}/:commandId`, getCommand),
  route('PATCH', `${base}/:commandId`, updateCommand),
  route('DELETE', `${base}/:commandId`, deleteCommand),
];

export const commandRoutes: readonly Route[] = [
  ...resource('/applications/:applicationId/commands'),
  ...resource('/applications/:applicationId/guilds/:guildId/commands'),
];
