/** Random schedules of attach, cut, resume (here, elsewhere, stale, absurd), visibility and deaths, judged by the oracle, in towns of tiny rules. */
import { test } from 'bun:test';
import { TRIED_MS, trySchedules } from './tried.ts';

test('whatever happens, every client sees what it is owed', () => trySchedules('tiny', 0, 1), TRIED_MS);
