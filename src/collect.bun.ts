/** Collecting garbage on demand. Its twin does nothing: Deno has no such call. */

/**
 * All of this thread's heap, at once: stops it for some 40 ms, for 150 ms when there is much to give back. What Bun collects beside the running
 * program frees nothing while the thread idles.
 */
export const collectGarbage = (): void => Bun.gc(true);
