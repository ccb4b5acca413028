/** A session's standing in one owner, a guild or its user's actor alike. */
import { Few } from '../base/few.ts';
import type { Held, Mask } from '../protocol/envelope.ts';
import type { OwnerKey } from '../protocol/ids.ts';

export interface Attachment {
  readonly owner: OwnerKey;
  attached: boolean;
  /** Row of the answer that attached it. */
  at: number;
  /** Not attached: where it stopped. Null: it starts from a snapshot. */
  since: number | null;
  held: Held | null;
  /** Number of the ask that is waited for; 0: none. */
  ask: number;
  /** When it was last asked, monotonic milliseconds. */
  askedAt: number;
  /** What is wished, and what holds now. */
  wanted: Mask;
  mask: Mask;
  /** Newest join told by the user actor: row of the guild. */
  joinedAt: number;
  /** Topics held because of this owner. */
  readonly topics: Few<string>;
}

export const newAttachment = (owner: OwnerKey, wanted: Mask, joinedAt: number): Attachment => ({
  owner,
  attached: false,
  at: 0,
  since: null,
  held: null,
  ask: 0,
  askedAt: 0,
  wanted,
  mask: wanted,
  joinedAt,
  topics: new Few(),
});
