import { clientSuite } from './client-suite.ts';

clientSuite({ name: 'Oceanic', program: 'node', script: 'oceanic.mjs' });
