/** The items in their order, so many at a time. */
export function groupsOf<T>(items: readonly T[], most: number): T[][] {
  const made: T[][] = [];
  for (let from = 0; from < items.length; from += most) made.push(items.slice(from, from + most));
  return made;
}
