/** Applications and their bots: as the bot sees its own, and as the person who owns it (docs/resources/application). */
import { userKey } from '../protocol/ids.ts';
import type { ApplicationRecord } from '../protocol/records.ts';
import type { Call } from './call.ts';
import { pickFilled } from './compact.ts';
import { enrolBot, resetTokens } from './enrolment.ts';
import { withPicture } from './pictures.ts';
import { refused } from './refused.ts';
import { created, type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';
import { applicationCreate, applicationEdit } from './schemas.ts';
import { PICTURE_BODY_BYTES } from './users.ts';
import { wireApplication } from './wire-users.ts';

/** GATEWAY_PRESENCE, GUILD_MEMBERS, MESSAGE_CONTENT; each with its LIMITED twin one bit above. */
const INTENTS = (0b11 << 12) | (0b11 << 14) | (0b11 << 18);
/** What a bot may set of itself (docs: only the LIMITED ones). */
const OWN_INTENTS = (1 << 13) | (1 << 15) | (1 << 19);

async function getMyApplication(call: Call): Promise<Outcome> {
  const { application } = call.account;
  if (application === null) throw refused('botsOnly');
  return ok(await wire(call, application));
}

async function updateMyApplication(call: Call): Promise<Outcome> {
  const { application } = call.account;
  if (application === null) throw refused('botsOnly');
  return ok(await wire(call, await change(call, application, OWN_INTENTS)));
}

async function change(call: Call, application: ApplicationRecord, settable: number): Promise<ApplicationRecord> {
  const form = await call.body(applicationEdit);
  const { flags } = form;
  const { directory } = call.edge.deps;
  const patch = {
    ...pickFilled(form, ['name', 'description', 'bot_public']),
    ...(typeof flags === 'number' ? { flags: (application.flags & ~settable) | (flags & settable) } : {}),
  };
  const picture = { kind: 'app-icons', owner: application.id, field: 'icon' } as const;
  const changed = await withPicture(call, picture, form.icon, (icon) => {
    const whole = icon === undefined ? patch : { ...patch, icon };
    return call.ask<ApplicationRecord>(userKey(application.id), { kind: 'updateApplication', patch: whole });
  });
  await directory.control({ control: 'userChanged', user: application.id });
  return changed;
}

async function wire(call: Call, application: ApplicationRecord): Promise<unknown> {
  const { store } = call.edge.deps;
  const { id, owner } = application;
  const [bot, person, guilds] = await Promise.all([store.user(id), store.user(owner), store.guildsOf(id)]);
  if (bot === null) throw refused('unknownApplication');
  return wireApplication(application, (person ?? bot).user, bot.user, guilds.length);
}

/** Nobody learns that an application exists that is not his. */
async function owned(call: Call): Promise<ApplicationRecord> {
  const application = await call.edge.deps.store.application(call.id('applicationId'));
  if (application === null || application.owner !== call.userId) throw refused('unknownApplication');
  return application;
}

async function listApplications(call: Call): Promise<Outcome> {
  const applications = await call.edge.deps.store.applicationsOf(call.userId);
  return ok(await Promise.all(applications.map((each) => wire(call, each))));
}

async function createApplication(call: Call): Promise<Outcome> {
  const { name, description } = await call.body(applicationCreate);
  const bot = { name, description: description ?? '', owner: call.userId, flags: 0 };
  const { application, user } = await enrolBot(call, call.edge.deps, bot);
  return created(wireApplication(application, call.account.record.user, user, 0));
}

async function getApplication(call: Call): Promise<Outcome> {
  return ok(await wire(call, await owned(call)));
}

async function updateApplication(call: Call): Promise<Outcome> {
  return ok(await wire(call, await change(call, await owned(call), INTENTS)));
}

/** A token of the bot; those it had before are dead. */
async function createBot(call: Call): Promise<Outcome> {
  const { id } = await owned(call);
  return ok({ id, token: await resetTokens(call, call.edge.deps, id) });
}

export const applicationRoutes: readonly Route[] = [
  route('GET', '/oauth2/applications/@me', getMyApplication, { counted: 'here' }),
  route('GET', '/applications/@me', getMyApplication, { counted: 'here' }),
  route('PATCH', '/applications/@me', updateMyApplication, { maxBodyBytes: PICTURE_BODY_BYTES }),
  route('GET', '/applications', listApplications, { who: 'person', counted: 'here' }),
  route('POST', '/applications', createApplication, { who: 'person' }),
  route('GET', '/applications/:applicationId', getApplication, { who: 'person', counted: 'here' }),
  route('PATCH', '/applications/:applicationId', updateApplication, {
    who: 'person',
    maxBodyBytes: PICTURE_BODY_BYTES,
  }),
  route('POST', '/applications/:applicationId/bot', createBot, { who: 'person' }),
  route('POST', '/applications/:applicationId/bot/reset', createBot, { who: 'person' }),
];
