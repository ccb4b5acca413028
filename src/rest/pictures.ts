/** Pictures of forms: on disk before their owner decides, gone again if he refuses, and the old ones with time if he agrees. */
import type { Snowflake } from '../protocol/ids.ts';
import type { Call } from './call.ts';
import type { PictureKind } from './files.ts';
import { Refused } from './refused.ts';
import { tidyUp } from './tidy-up.ts';

export interface PictureOf {
  readonly kind: PictureKind;
  /** Whose it is: his id is part of its address. */
  readonly owner: Snowflake;
  /** In the form. */
  readonly field: string;
}

/** A hash; null: none from now on; undefined: as before. */
export type PictureHash = string | null | undefined;

/** `data`: what the form says, a `data:` URI. After a fault nobody knows whether the picture is in use: it stays. */
export async function withPicture<T>(
  call: Call,
  { kind, owner, field }: PictureOf,
  data: string | null | undefined,
  use: (hash: PictureHash) => Promise<T>,
): Promise<T> {
  if (data === undefined || data === null || data === '') return use(data === undefined ? undefined : null);
  const { files, clock } = call.edge.deps;
  const { hash, isNew } = await files.savePicture(kind, owner, data, field);
  let used: T;
  try {
    used = await use(hash);
  } catch (error) {
    if (isNew && error instanceof Refused) await tidyUp(call, () => files.removePicture(kind, owner, hash));
    throw error;
  }
  await tidyUp(call, () => files.keepPicture(kind, owner, hash, clock.now()));
  return used;
}
