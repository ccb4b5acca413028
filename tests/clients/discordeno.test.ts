import { clientSuite } from './client-suite.ts';

clientSuite({ name: 'Discordeno', program: 'node', script: 'discordeno.mjs' });
