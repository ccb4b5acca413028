import { clientSuite } from './client-suite.ts';

clientSuite({ name: 'Eris', program: 'node', script: 'eris.mjs' });
