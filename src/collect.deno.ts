/** Collecting garbage on demand: Deno has no such call, its engine collects by itself when idle. */

export const collectGarbage = (): void => undefined;
