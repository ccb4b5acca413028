/** Waits until a question to the outside has an answer. For what is told by events, use an Inbox. */
import { setImmediate as nextTurn } from 'node:timers/promises';

const DEADLINE_MS = 10_000;

/** Asks again, each time after the answer, until it is neither null, undefined nor false. Rejects at the deadline with the last error. */
export async function eventually<T>(
  what: string,
  ask: () => T | Promise<T>,
  ms = DEADLINE_MS,
): Promise<Exclude<T, null | undefined | false>> {
  const end = performance.now() + ms;
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
    await nextTurn();
  } while (performance.now() < end);
  throw new Error(`waited ${ms} ms until ${what}`, { cause: last });
}
