/** The same day in the life of a bot, on a server whose store is Cassandra. */
import { describe, test } from 'bun:test';
import { hasCassandra } from '../support/cassandra.ts';
import { onCassandra } from '../support/cluster-town.ts';
import { setupPython } from '../support/setup-python.ts';
import { Town } from '../support/town.ts';
import { clientSuite } from './client-suite.ts';

const open = async (): Promise<Town> => Town.open({ workers: 2, config: await onCassandra() });
const python = await setupPython();

describe.skipIf(!(await hasCassandra()))('on Cassandra', () => {
  clientSuite({ name: 'discord.js', program: 'node', script: 'discordjs.mjs', open });
  clientSuite({ name: '@discordjs/core', program: 'node', script: 'discordjs-core.mjs', open });
  clientSuite({ name: 'Eris', program: 'node', script: 'eris.mjs', open });
  clientSuite({ name: 'Oceanic', program: 'node', script: 'oceanic.mjs', open });
  clientSuite({ name: 'Discordeno', program: 'node', script: 'discordeno.mjs', open });
  if (python === null) test.skip('discord.py needs python3 with venv', () => undefined);
  else clientSuite({ name: 'discord.py', program: python, script: 'discord-py.py', open });
});
