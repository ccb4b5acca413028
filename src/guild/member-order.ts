/** Members in ascending order of their ids, for pages and chunks. Sorted when asked, kept until somebody joins or leaves. */
import { compareSnowflakes, type Snowflake } from '../protocol/ids.ts';
import type { GuildState } from './state.ts';

const orders = new WeakMap<GuildState, readonly Snowflake[]>();

export function memberOrder(state: GuildState): readonly Snowflake[] {
  let order = orders.get(state);
  if (order === undefined) {
    order = [...state.members.keys()].sort(compareSnowflakes);
    orders.set(state, order);
  }
  return order;
}

export const forgetOrder = (state: GuildState): void => void orders.delete(state);
