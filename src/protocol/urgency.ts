/** What a worker or an owner that has too much to do gives up, and in which order. */
import type { Command } from './commands.ts';

/** The first goes first. `ordinary`: reads and commands that are none of the others; they are refused, and come again. */
export const SHED_ORDER = ['typing', 'presence', 'ordinary', 'message'] as const;

export type Urgency = (typeof SHED_ORDER)[number];

/** The level of overload from which on it is shed: 1 to 4. */
export const shedAt = (urgency: Urgency): number => SHED_ORDER.indexOf(urgency) + 1;

/** Of an ask. */
export function urgencyOf({ kind }: Command): Urgency {
  if (kind === 'typing') return 'typing';
  return kind === 'createMessage' ? 'message' : 'ordinary';
}
