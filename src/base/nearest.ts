/** The word that somebody meant who wrote another one; null: none is near enough. */
export function nearest(written: string, words: readonly string[]): string | null {
  const near = words
    .map((word) => ({ word, steps: distance(written, word) }))
    .filter(({ word, steps }) => steps <= (word.length < 6 ? 1 : 2))
    .sort((one, other) => one.steps - other.steps);
  return near[0]?.word ?? null;
}

/** Letters too many, missing, wrong or in each other's place. */
function distance(a: string, b: string): number {
  let twoBack: readonly number[] = [];
  let back: readonly number[] = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const row: number[] = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (back[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = swapped ? (twoBack[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      row[j] = Math.min((row[j - 1] ?? 0) + 1, (back[j] ?? 0) + 1, change, swap);
    }
    [twoBack, back] = [back, row];
  }
  return back[b.length] ?? 0;
}
