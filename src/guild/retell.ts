/** A journal row in its present form: a new owner tells what the one before it had stored but may not have sent. */
import type { EventNote } from '../protocol/decision.ts';
import type { Snowflake } from '../protocol/ids.ts';
import { channelJson } from './render-channel.ts';
import { guildEvent } from './render-guild.ts';
import { memberEvent, roleEvent } from './render-member.ts';
import type { GuildState } from './state.ts';

/** JSON of `d`; null: the thing is gone, and with it its events. */
export function retellThing(state: GuildState, note: EventNote & { readonly as: 'thing' }): string | null {
  const { id } = note;
  switch (note.thing) {
    case 'guild':
      return id === state.guild.id ? guildEvent(state) : null;
    case 'channel':
      return found(state.channels, id, channelJson);
    case 'role':
      return found(state.roles, id, (role) => roleEvent(state.guild.id, role));
    case 'member':
      return found(state.members, id, (member) => memberEvent(state.guild.id, member));
    case 'user':
      return null;
  }
}

function found<T>(records: ReadonlyMap<Snowflake, T>, id: Snowflake, encode: (record: T) => string): string | null {
  const record = records.get(id);
  return record === undefined ? null : encode(record);
}
