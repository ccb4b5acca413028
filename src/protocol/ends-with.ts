/** What a command leaves in memory as long as its session lives. */
import type { Command } from './commands.ts';
import type { SessionId } from './ids.ts';

/** Whose end takes back what this says: an owner hears it only from a session of whose end it will hear. Null: it stays, whoever said it. */
export const endsWith = (command: Command): SessionId | null =>
  command.kind === 'voiceState' ? command.session : null;
