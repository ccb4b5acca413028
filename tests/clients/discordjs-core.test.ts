import { clientSuite } from './client-suite.ts';

clientSuite({ name: '@discordjs/core', program: 'node', script: 'discordjs-core.mjs' });
