/** Permission bits as bigint (docs/topics/permissions). On wires and in records they are decimal text: there are more than 32 of them. */
import { PermissionFlagsBits as P } from 'discord-api-types/v10';

/** Every bit there is: what an owner or an administrator holds. */
export const ALL_PERMISSIONS: bigint = Object.values(P).reduce((all, bit) => all | bit, 0n);

/** What @everyone of a new guild may do; the same set that a new guild of the original has. */
export const DEFAULT_EVERYONE: bigint =
  P.AddReactions |
  P.AttachFiles |
  P.ChangeNickname |
  P.Connect |
  P.CreateInstantInvite |
  P.CreatePrivateThreads |
  P.CreatePublicThreads |
  P.EmbedLinks |
  P.MentionEveryone |
  P.ReadMessageHistory |
  P.RequestToSpeak |
  P.SendMessages |
  P.SendMessagesInThreads |
  P.SendPolls |
  P.SendTTSMessages |
  P.SendVoiceMessages |
  P.Speak |
  P.Stream |
  P.UseApplicationCommands |
  P.UseEmbeddedActivities |
  P.UseExternalApps |
  P.UseExternalEmojis |
  P.UseExternalSounds |
  P.UseExternalStickers |
  P.UseSoundboard |
  P.UseVAD |
  P.ViewChannel;

export const hasBits = (permissions: bigint, bits: bigint): boolean => (permissions & bits) === bits;

/** Decimal text of a client. Unknown bits are dropped, so that what is stored is always known; null when it is no number. */
export function parsePermissions(text: string): bigint | null {
  return /^\d{1,30}$/.test(text) ? BigInt(text) & ALL_PERMISSIONS : null;
}
