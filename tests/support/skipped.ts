/** Says loudly what is not tested on this machine. In CI that is a failure, unless only root could have done it. */
export function skipped(what: string, why: string | null, needsRoot = false): boolean {
  if (why === null) return false;
  const sentence = `${what}: not tested here: ${why}`;
  if (process.env.CI === 'true' && (!needsRoot || process.getuid?.() === 0)) throw new Error(sentence);
  console.warn(`\n*** ${sentence} ***\n`);
  return true;
}
