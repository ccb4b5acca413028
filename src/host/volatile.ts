/** Commands that live in memory only: they go on when the store takes no writes. */
import type { Command } from '../protocol/commands.ts';

const VOLATILE: ReadonlySet<Command['kind']> = new Set<Command['kind']>([
  'typing',
  'presence',
  'requestMembers',
  'voiceState',
  'voiceGone',
  'voiceCarried',
  'sessionPresence',
  'presencesGathered',
]);

export const isVolatile = ({ kind }: Command): boolean => VOLATILE.has(kind);
