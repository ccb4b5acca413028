/** The other half of those of real-schedules.test.ts. */
import { test } from 'bun:test';
import { TRIED_MS, trySchedules } from './tried.ts';

test('whatever happens, every client sees what it is owed', () => trySchedules('real', 0.5, 1), TRIED_MS);
