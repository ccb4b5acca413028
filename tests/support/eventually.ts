/** Waits until a question to the outside has an answer. For what is told by events, use an Inbox. */
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';

const DEADLINE_MS = 10_000;
/** Of the time that it has waited already: what it waits for shares the processor with it. */
const PAUSE_PART = 1 / 16;
const PAUSE_MAX_MS = 100;

/** Asks again, each time after the answer, until it is neither null, undefined nor false. Rejects at the deadline with the last error. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  ms = DEADLINE_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const began = performance.now();
  const end = began + ms;
  let last: unknown;
  do {
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) {
        return answer as Exclude<T, null | undefined | false>;
      }
      last = answer;
    } catch (error) {
      last = error;
    }
    const pauseMs = Math.min(PAUSE_MAX_MS, Math.floor((performance.now() - began) * PAUSE_PART));
    await (pauseMs === 0 ? nextTurn() : pause(pauseMs));
  } while (performance.now() < end);
  throw new Error(`waited ${ms} ms until ${what}`, { cause: last });
}
