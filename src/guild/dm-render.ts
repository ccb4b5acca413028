/** A DM as one of its recipients sees it: the others are its recipients. Every documented key of the type. */
import type { APIUser } from 'discord-api-types/v10';
import type { Snowflake } from '../protocol/ids.ts';
import type { DmRecord } from '../protocol/records.ts';
import { renderUser } from './render-member.ts';

export interface DmWire {
  readonly id: Snowflake;
  readonly type: 1 | 3;
  readonly last_message_id: Snowflake | null;
  readonly last_pin_timestamp: string | null;
  readonly flags: number;
  readonly recipients: readonly APIUser[];
  /** Groups only, as the two below. */
  readonly name?: string | null;
  readonly icon?: string | null;
  readonly owner_id?: Snowflake | null;
}

export function renderDm(dm: DmRecord, viewer: Snowflake): DmWire {
  const { id, type, last_message_id, last_pin_timestamp, name, icon, owner_id } = dm;
  const recipients = dm.recipients.filter((user) => user.id !== viewer).map(renderUser);
  const common = { id, type, last_message_id, last_pin_timestamp, flags: 0, recipients };
  return type === 1 ? common : { ...common, name, icon, owner_id };
}
