/** Thrown when the code itself is wrong. Kills the actor it happens in, never the process. */
export class Bug extends Error {
  override readonly name = 'Bug';
}

/** Says that `condition` holds here whatever the input; `why` is read by whoever debugs the bug. */
export function assert(condition: boolean, why: string): asserts condition {
  if (!condition) throw new Bug(why);
}

/** Ends a switch over a closed union: a new member that nobody handles does not compile. */
export function unreachable(value: never): never {
  throw new Bug(`unreachable: ${JSON.stringify(value)}`);
}
