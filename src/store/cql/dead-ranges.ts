import { compareSnowflakes, type Snowflake } from '../../protocol/ids.ts';

/** Ids strictly between the two; null: no border. */
export interface Range {
  readonly above: Snowflake | null;
  readonly below: Snowflake | null;
}

/** The gaps between those that stay in which something is deleted. Both ascending, and no id in both. */
export function deadRanges(deleted: readonly Snowflake[], staying: readonly Snowflake[]): Range[] {
  const ranges: Range[] = [];
  let at = 0;
  for (const id of deleted) {
    const last = ranges.at(-1);
    if (last !== undefined && (last.below === null || compareSnowflakes(id, last.below) < 0)) continue;
    while (at < staying.length && compareSnowflakes(staying[at] ?? id, id) < 0) at += 1;
    ranges.push({ above: staying[at - 1] ?? null, below: staying[at] ?? null });
  }
  return ranges;
}
