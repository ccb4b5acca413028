/** Whom an event is for: one rule for owners, who answer attaches by it, and for the outlet. */
import type { Body, Mask } from './envelope.ts';
import type { Snowflake } from './ids.ts';

/** Does a session of this user with this mask get the event? */
export const passes = (body: Body, mask: Mask, user: Snowflake): boolean =>
  passesShared(body, mask) || isFull(body, user);

/** For a shared variant, whose sessions get nothing beyond their mask. */
export const passesShared = (body: Body, mask: Mask): boolean => body.cls === 0 || (body.cls & mask) !== 0;

/** Does this user get it whole, whatever his mask says? */
export const isFull = (body: Body, user: Snowflake): boolean => body.full?.includes(user) ?? false;
