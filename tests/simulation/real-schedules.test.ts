/** The same in towns of the rules that guilds and users have. Of those that CI tries, a half; it runs two files at once. */
import { test } from 'bun:test';
import { TRIED_MS, trySchedules } from './tried.ts';

test('whatever happens, every client sees what it is owed', () => trySchedules('real', 0, 0.5), TRIED_MS);
