import { clientSuite } from './client-suite.ts';

clientSuite({ name: 'discord.js', program: 'node', script: 'discordjs.mjs' });
