/** Voice states and regions (docs/resources/voice). */
import { guildKey } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import { type Outcome, ok } from './respond.ts';
import { type Route, route } from './route.ts';

/** This server is one place. */
const REGIONS = [{ id: 'local', name: 'Local', custom: false, deprecated: false, optimal: true }];

async function listVoiceRegions(): Promise<Outcome> {
  return ok(REGIONS);
}

async function listGuildVoiceRegions(call: Call): Promise<Outcome> {
  await call.read(guildKey(call.id('guildId')), { ask: 'guild', by: call.userId, withCounts: false });
  return ok(REGIONS);
}

async function getSelfVoiceState(call: Call): Promise<Outcome> {
  const { userId } = call;
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'voiceState', by: userId, userId }));
}

async function getVoiceState(call: Call): Promise<Outcome> {
  const userId = call.id('userId');
  return ok(await call.read(guildKey(call.id('guildId')), { ask: 'voiceState', by: call.userId, userId }));
}

export const voiceRoutes: readonly Route[] = [
  route('GET', '/voice/regions', listVoiceRegions, { counted: 'here' }),
  route('GET', '/guilds/:guildId/regions', listGuildVoiceRegions),
  route('GET', '/guilds/:guildId/voice-states/@me', getSelfVoiceState),
  route('GET', '/guilds/:guildId/voice-states/:userId', getVoiceState),
];
