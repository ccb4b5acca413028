import { compareSnowflakes, type Snowflake } from '../../src/protocol/ids.ts';
import type { MessagePage } from '../../src/store/ports.ts';

/** What a page of messages is, said over a whole ascending array: the model that paging is compared with. */
export function pageOfArray(sorted: readonly Snowflake[], query: Omit<MessagePage, 'channelId'>): Snowflake[] {
  const { before, after, around, limit } = query;
  if (around !== null) {
    const newer = sorted.filter((id) => compareSnowflakes(id, around) > 0).slice(0, Math.floor(limit / 2));
    const older = sorted.filter((id) => compareSnowflakes(id, around) <= 0).slice(-(limit - Math.floor(limit / 2)));
    return [...older, ...newer].reverse();
  }
  const between = sorted.filter(
    (id) =>
      (before === null || compareSnowflakes(id, before) < 0) && (after === null || compareSnowflakes(id, after) > 0),
  );
  return (after === null ? between.slice(-limit) : between.slice(0, limit)).reverse();
}
