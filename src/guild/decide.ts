/** The one place where a guild changes. Pure and synchronous: state and command in, decision out; time and ids are arguments. */
import { unreachable } from '../base/assert.ts';
import type { Command, GuildCommand, MessageCommand } from '../protocol/commands.ts';
import { type Decision, type Need, refused, type Turn } from '../protocol/decision.ts';
import { refuse } from '../protocol/errors.ts';
import { ban, banNeeds, unban } from './ban-commands.ts';
import {
  createChannel,
  deleteChannel,
  deleteOverwrite,
  moveChannels,
  putOverwrite,
  updateChannel,
} from './channel-commands.ts';
import { deleteGuild, updateGuild } from './guild-commands.ts';
import { createInvite, deleteInvite, useInvite } from './invite-commands.ts';
import { requestMembers } from './member-chunks.ts';
import { addMember, removeMember, setMemberRole, updateMember, userChanged } from './member-commands.ts';
import { decideMessage, messageNeeds } from './messages.ts';
import { presence } from './presence-commands.ts';
import { createRole, deleteRole, moveRoles, updateRole } from './role-commands.ts';
import type { GuildState } from './state.ts';
import { voiceCarried, voiceGone, voiceState } from './voice-commands.ts';

/** A guild that is; `createGuild` makes one that is not yet (guild-commands.ts). */
export function decide(state: GuildState, command: GuildCommand | MessageCommand, turn: Turn): Decision {
  if (isMessageCommand(command)) return decideMessage(state, command, turn);
  state.messages.passTime(turn.now);
  const decision = decideGuild(state, command, turn);
  state.messages.release(command);
  return decision;
}

/** What must be known of the store before the command's turn. */
export function needs(state: GuildState, command: GuildCommand | MessageCommand, now: number): readonly Need[] {
  if (isMessageCommand(command)) return messageNeeds(state, command);
  return command.kind === 'ban' ? banNeeds(state, command, now) : [];
}

const MESSAGE_KINDS: Readonly<Record<MessageCommand['kind'], true>> = {
  createMessage: true,
  editMessage: true,
  deleteMessage: true,
  bulkDelete: true,
  addReaction: true,
  removeReaction: true,
  clearReactions: true,
  pin: true,
  unpin: true,
  typing: true,
  crosspost: true,
};

const GUILD_KINDS: Readonly<Record<GuildCommand['kind'], true>> = {
  createGuild: true,
  deleteGuild: true,
  updateGuild: true,
  createChannel: true,
  updateChannel: true,
  deleteChannel: true,
  moveChannels: true,
  putOverwrite: true,
  deleteOverwrite: true,
  createRole: true,
  updateRole: true,
  deleteRole: true,
  moveRoles: true,
  addMember: true,
  updateMember: true,
  addMemberRole: true,
  removeMemberRole: true,
  removeMember: true,
  ban: true,
  unban: true,
  createInvite: true,
  deleteInvite: true,
  useInvite: true,
  voiceState: true,
  voiceGone: true,
  voiceCarried: true,
  requestMembers: true,
  presence: true,
  userChanged: true,
};

const isMessageCommand = (command: Command): command is MessageCommand => command.kind in MESSAGE_KINDS;

/** Is it one that a guild decides? */
export const isGuildCommand = (command: Command): command is GuildCommand | MessageCommand =>
  command.kind in GUILD_KINDS || isMessageCommand(command);

function decideGuild(state: GuildState, command: GuildCommand, turn: Turn): Decision {
  switch (command.kind) {
    case 'createGuild':
      return refused(refuse('conflict'));
    case 'deleteGuild':
      return deleteGuild(state, command, turn);
    case 'updateGuild':
      return updateGuild(state, command, turn);
    case 'createChannel':
      return createChannel(state, command, turn);
    case 'updateChannel':
      return updateChannel(state, command, turn);
    case 'deleteChannel':
      return deleteChannel(state, command, turn);
    case 'moveChannels':
      return moveChannels(state, command, turn);
    case 'putOverwrite':
      return putOverwrite(state, command, turn);
    case 'deleteOverwrite':
      return deleteOverwrite(state, command, turn);
    case 'createRole':
      return createRole(state, command, turn);
    case 'updateRole':
      return updateRole(state, command, turn);
    case 'deleteRole':
      return deleteRole(state, command, turn);
    case 'moveRoles':
      return moveRoles(state, command, turn);
    default:
      return decideMember(state, command, turn);
  }
}

type StructureKind =
  | 'createGuild'
  | 'deleteGuild'
  | 'updateGuild'
  | 'createChannel'
  | 'updateChannel'
  | 'deleteChannel'
  | 'moveChannels'
  | 'putOverwrite'
  | 'deleteOverwrite'
  | 'createRole'
  | 'updateRole'
  | 'deleteRole'
  | 'moveRoles';

function decideMember(
  state: GuildState,
  command: Exclude<GuildCommand, { kind: StructureKind }>,
  turn: Turn,
): Decision {
  switch (command.kind) {
    case 'addMember':
      return addMember(state, command, turn);
    case 'updateMember':
      return updateMember(state, command, turn);
    case 'addMemberRole':
    case 'removeMemberRole':
      return setMemberRole(state, command, turn);
    case 'removeMember':
      return removeMember(state, command, turn);
    case 'ban':
      return ban(state, command, turn);
    case 'unban':
      return unban(state, command, turn);
    case 'createInvite':
      return createInvite(state, command, turn);
    case 'deleteInvite':
      return deleteInvite(state, command, turn);
    case 'useInvite':
      return useInvite(state, command, turn);
    case 'voiceState':
      return voiceState(state, command, turn);
    case 'voiceGone':
      return voiceGone(state, command, turn);
    case 'voiceCarried':
      return voiceCarried(state, command, turn);
    case 'requestMembers':
      return requestMembers(state, command, turn);
    case 'presence':
      return presence(state, command, turn);
    case 'userChanged':
      return userChanged(state, command, turn);
    default:
      return unreachable(command);
  }
}
