import { describe, test } from 'bun:test';
import { setupPython } from '../support/setup-python.ts';
import { clientSuite } from './client-suite.ts';

const python = await setupPython();

if (python === null) describe('discord.py', () => test.skip('needs python3 with venv', () => undefined));
else clientSuite({ name: 'discord.py', program: python, script: 'discord-py.py' });
