/** What a command leaves in memory as long as its session lives. */
import type { Command } from './commands.ts';
import type { SessionId } from './ids.ts';

/** Whose end takes back what this says: an owner hears it only from a session of whose end it will hear. Null: it stays, whoever said it. */
export function endsWith(command: Command): SessionId | null {
  if (command.kind === 'voiceState') return command.session;
  return command.kind === 'sessionPresence' && command.presence !== null ? command.session : null;
}
