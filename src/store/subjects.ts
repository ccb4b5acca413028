/** Which subject each write belongs to. Both adapters have one file per subject; a write that nobody handles does not compile. */
import type { OwnerKey } from '../protocol/ids.ts';
import type { Write } from '../protocol/writes.ts';
import type { GuildsPort, JournalPort, MessagesPort, UsersPort } from './ports.ts';

export type WriteName = Write['w'];
export type WriteOf<Name extends WriteName> = Extract<Write, { readonly w: Name }>;

export type MessageWrite =
  | 'putMessage'
  | 'deleteMessages'
  | 'putNonce'
  | 'putReaction'
  | 'deleteReaction'
  | 'clearReactions'
  | 'putPin'
  | 'deletePin';

export type GuildWrite =
  | 'putGuild'
  | 'deleteGuild'
  | 'putChannel'
  | 'putLastMessage'
  | 'deleteChannel'
  | 'putChannelOwner'
  | 'putRole'
  | 'deleteRole'
  | 'putMember'
  | 'deleteMember'
  | 'putBan'
  | 'deleteBan'
  | 'putInvite'
  | 'deleteInvite'
  | 'putDm'
  | 'putDmOpen';

export type UserWrite =
  | 'putUser'
  | 'putLogin'
  | 'deleteLogin'
  | 'putToken'
  | 'deleteToken'
  | 'putApplication'
  | 'putCommand'
  | 'deleteCommand'
  | 'putHeard';

export type JournalWrite = 'putRow' | 'putTell' | 'deleteTell' | 'putResult';

/** What one subject does with its writes. `owner`: whose batch it is. */
export type WriteHandlers<Name extends WriteName, Result> = {
  readonly [N in Name]: (write: WriteOf<N>, owner: OwnerKey) => Result;
};

/** The reading half of the store. */
export type ReadPort = MessagesPort & GuildsPort & UsersPort & JournalPort;

/** The same reads by an adapter that answers at once. */
export type ReadsNow<Port> = {
  readonly [Method in keyof Port]: Port[Method] extends (...args: infer Args) => Promise<infer Value>
    ? (...args: Args) => Value
    : never;
};

/** Calls the handler of a write's own kind. */
export function handle<Result>(handlers: WriteHandlers<WriteName, Result>, write: Write, owner: OwnerKey): Result {
  const handler = handlers[write.w] as (write: Write, owner: OwnerKey) => Result;
  return handler(write, owner);
}
