/** An application command as it is sent: every documented key, whatever the draft left out (docs: application command object). */
import type { CommandDraft } from '../protocol/commands.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { CommandRecord } from '../protocol/records.ts';

type Wire = CommandRecord['wire'];

const CHAT_INPUT = 1;

/** `version`: a snowflake that changes with the command. Commands of a guild have `guild_id`; global ones have no such key. */
export function commandWire(fixed: Omit<CommandRecord, 'wire'>, version: Snowflake, draft: CommandDraft): Wire {
  const { guild_id, ...identity } = fixed;
  return {
    ...identity,
    ...(guild_id === null ? {} : { guild_id }),
    version,
    default_member_permissions: draft.default_member_permissions ?? null,
    name_localizations: draft.name_localizations ?? null,
    description: fixed.type === CHAT_INPUT ? (draft.description ?? '') : '',
    description_localizations: draft.description_localizations ?? null,
    options: draft.options ?? [],
    dm_permission: draft.dm_permission ?? guild_id === null,
    contexts: draft.contexts ?? null,
    integration_types: draft.integration_types ?? [0],
    nsfw: draft.nsfw ?? false,
    ...(draft.handler === undefined ? {} : { handler: draft.handler }),
  };
}

/** What a patch is laid over. */
export const draftOf = (command: CommandRecord): CommandDraft => ({ ...command.wire, name: command.name });

/** The same command, whatever its version. Keys are always in the order of `commandWire`. */
export const sameWire = (a: Wire, b: Wire): boolean =>
  JSON.stringify({ ...a, version: '' }) === JSON.stringify({ ...b, version: '' });
