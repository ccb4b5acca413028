/** What a worker or an owner that has too much to do gives up, and in which order. */
import type { Command } from './commands.ts';

/** The first goes first. `ordinary`: reads and commands that are none of the others; they are refused, and come again. */
export const SHED_ORDER = ['typing', 'presence', 'ordinary', 'message'] as const;

export type Urgency = (typeof SHED_ORDER)[number];

/** The level of overload from which on it is shed: 1 to 4. */
export const shedAt = (urgency: Urgency): number => SHED_ORDER.indexOf(urgency) + 1;

/** The part of a bound that it may fill: 1/8, 1/4, 1/2, 1. What goes last always finds room that the others leave. */
export const shareOf = (urgency: Urgency): number => 2 ** (shedAt(urgency) - SHED_ORDER.length);

/** Of an ask. */
export function urgencyOf({ kind }: Command): Urgency {
  if (kind === 'typing') return 'typing';
  return kind === 'createMessage' ? 'message' : 'ordinary';
}
