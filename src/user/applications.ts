/** Application commands: kept at the application's user. Names are already checked by the asker; here: identity, uniqueness, number. */
import type { Command, CommandDraft } from '../protocol/commands.ts';
import { type Decision, done, refused, type Turn } from '../protocol/decision.ts';
import { type Refusal, refuse, refuseField } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { CommandRecord } from '../protocol/records.ts';
import type { Write } from '../protocol/writes.ts';
import { BOUNDS } from './bounds.ts';
import { commandWire, draftOf, sameWire } from './command-wire.ts';
import type { KnownUser } from './user-state.ts';

type Put = Extract<Command, { kind: 'putCommand' }>;
type SetAll = Extract<Command, { kind: 'setCommands' }>;
type Update = Extract<Command, { kind: 'updateCommand' }>;
type Delete = Extract<Command, { kind: 'deleteCommand' }>;

/** All of one scope (null: global), in the order of their creation. */
export const commandsIn = (state: KnownUser, guildId: Snowflake | null): CommandRecord[] =>
  [...state.commands.values()].filter((command) => command.guild_id === guildId);

export function commandById(state: KnownUser, guildId: Snowflake | null, id: Snowflake): CommandRecord | null {
  const command = state.commands.get(id);
  return command !== undefined && command.guild_id === guildId ? command : null;
}

/** -> [wire, created]. Overwrites the command of the same scope, type and name. */
export function putCommand(state: KnownUser, { guildId, draft }: Put, turn: Turn): Decision {
  if (state.application === null) return refused(refuse('unknownApplication'));
  const scope = commandsIn(state, guildId);
  const known = scope.find((command) => sameName(command, draft)) ?? null;
  if (known === null && ofType(scope, typeOf(draft)) >= BOUNDS.commands) return refused(refuse('maxCommands'));
  const [command, writes] = write(state, known, guildId, draft, turn);
  return { ...done([command.wire, known === null]), writes };
}

/** -> wires in the order of the drafts. What is not among them goes; what keeps type and name keeps its id. */
export function setCommands(state: KnownUser, { guildId, drafts }: SetAll, turn: Turn): Decision {
  if (state.application === null) return refused(refuse('unknownApplication'));
  const wrong = checkSet(drafts);
  if (wrong !== null) return refused(wrong);
  const scope = commandsIn(state, guildId);
  const writes: Write[] = [];
  for (const old of scope) {
    if (!drafts.some((draft) => sameName(old, draft))) writes.push(remove(state, old));
  }
  const wires = drafts.map((draft) => {
    const known = scope.find((command) => sameName(command, draft)) ?? null;
    const [command, put] = write(state, known, guildId, draft, turn);
    writes.push(...put);
    return command.wire;
  });
  return { ...done(wires), writes };
}

/** -> wire */
export function updateCommand(state: KnownUser, { guildId, commandId, patch }: Update, turn: Turn): Decision {
  const known = commandById(state, guildId, commandId);
  if (known === null) return refused(refuse('unknownCommand'));
  const draft: CommandDraft = { ...draftOf(known), ...patch, type: known.type, name: patch.name ?? known.name };
  const taken = commandsIn(state, guildId).some((other) => other.id !== known.id && sameName(other, draft));
  if (taken) return refused(duplicate(['name']));
  const [command, writes] = write(state, known, guildId, draft, turn);
  return { ...done(command.wire), writes };
}

/** -> null */
export function deleteCommand(state: KnownUser, { guildId, commandId }: Delete): Decision {
  const known = commandById(state, guildId, commandId);
  if (known === null) return refused(refuse('unknownCommand'));
  return { ...done(), writes: [remove(state, known)] };
}

/** A command that says what it said before keeps its version and is not written: most bots register theirs at every start. */
function write(
  state: KnownUser,
  known: CommandRecord | null,
  guildId: Snowflake | null,
  draft: CommandDraft,
  turn: Turn,
): readonly [CommandRecord, Write[]] {
  const id = known?.id ?? turn.mint();
  const fixed = { id, application_id: state.id, guild_id: guildId, type: typeOf(draft), name: draft.name };
  const wire = commandWire(fixed, known === null ? id : turn.mint(), draft);
  if (known !== null && sameWire(known.wire, wire)) return [known, []];
  const command = { ...fixed, wire };
  state.commands.set(id, command);
  return [command, [{ w: 'putCommand', command }]];
}

function remove(state: KnownUser, { id }: CommandRecord): Write {
  state.commands.delete(id);
  return { w: 'deleteCommand', application: state.id, id };
}

function checkSet(drafts: readonly CommandDraft[]): Refusal | null {
  const counts = new Map<number, number>();
  const names = new Set<string>();
  for (const [index, draft] of drafts.entries()) {
    const type = typeOf(draft);
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    if (count > BOUNDS.commands) return refuse('maxCommands');
    if (names.has(`${type}:${draft.name}`)) return duplicate([index, 'name']);
    names.add(`${type}:${draft.name}`);
  }
  return null;
}

const duplicate = (path: readonly (string | number)[]): Refusal =>
  refuseField(path, 'APPLICATION_COMMANDS_DUPLICATE_NAME', 'Application command names must be unique');

const typeOf = (draft: CommandDraft): number => draft.type ?? 1;
const ofType = (commands: readonly CommandRecord[], type: number): number =>
  commands.filter((command) => command.type === type).length;
const sameName = (command: CommandRecord, draft: CommandDraft): boolean =>
  command.name === draft.name && command.type === typeOf(draft);
