import type { Deque } from '../base/deque.ts';

/** Index of the first row with a greater number; their number when there is none. The numbers rise. */
export function firstAfter(rows: Pick<Deque<{ readonly seq: number }>, 'at' | 'length'>, since: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows.at(middle)?.seq ?? 0) <= since) low = middle + 1;
    else high = middle;
  }
  return low;
}
