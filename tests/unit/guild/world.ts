/** A guild in a test: commands in, decisions out, with ids, time and row numbers of the test. */

import { decide } from '../../../src/guild/decide.ts';
import { createGuild } from '../../../src/guild/guild-commands.ts';
import type { GuildState } from '../../../src/guild/state.ts';
import type { By, GuildCommand, MessageCommand } from '../../../src/protocol/commands.ts';
import type { Decision, EventDraft, RowDraft, Turn } from '../../../src/protocol/decision.ts';
import { ALL_EVENTS } from '../../../src/protocol/envelope.ts';
import type { Snowflake } from '../../../src/protocol/ids.ts';
import type { PublicUser } from '../../../src/protocol/records.ts';

export const START = Date.UTC(2026, 0, 1);
export const GUILD: Snowflake = '1300000000000000000';
export const OWNER = '1300000000000000001';
export const MOD = '1300000000000000002';
export const ANN = '1300000000000000003';
export const BEN = '1300000000000000004';
export const BOT = '1300000000000000005';
export const STRANGER = '1300000000000000009';

export const user = (id: Snowflake, bot = id === BOT): PublicUser => ({
  id,
  username: `user${id.slice(-3)}`,
  discriminator: '0',
  global_name: null,
  avatar: null,
  banner: null,
  accent_color: null,
  bot,
  system: false,
  public_flags: 0,
});

export const by = (id: Snowflake, reason: string | null = null): By => ({ id, self: user(id), reason });
export const SERVER_BY = by('0');

/** Without `by`, which `run` adds. */
type Bare<C> = C extends { readonly by: By } ? Omit<C, 'by'> : C;
export type BareCommand = Bare<GuildCommand>;

export class World {
  now = START;
  /** Nobody has been answered in this load. */
  unheard = false;
  #ids = 1_310_000_000_000_000_000n;
  #row = 100;
  readonly state: GuildState;
  readonly created: Decision;

  constructor() {
    const command = { kind: 'createGuild', by: by(OWNER), id: GUILD, name: 'Home', icon: null } as const;
    const { state, decision } = createGuild(command, this.turn());
    this.state = state;
    this.created = decision;
    this.#row += decision.rows.length;
  }

  turn(): Turn {
    const first = this.#row;
    const { now, unheard } = this;
    return { now, unheard, mint: () => String(this.#ids++), seq: (index) => first + index };
  }

  run(who: Snowflake, command: BareCommand): Decision {
    return this.decide({ ...command, by: by(who) } as GuildCommand);
  }

  decide(command: GuildCommand | MessageCommand): Decision {
    const decision = decide(this.state, command, this.turn());
    this.#row += decision.rows.length;
    return decision;
  }

  /** What must succeed. */
  ok<T = unknown>(who: Snowflake, command: BareCommand): T {
    const { reply } = this.run(who, command);
    if (!('ok' in reply)) throw new Error(`${command.kind}: ${reply.refused} ${JSON.stringify(reply.fields ?? '')}`);
    return reply.ok as T;
  }

  join(...ids: readonly Snowflake[]): void {
    for (const id of ids) this.ok('0', { kind: 'addMember', user: user(id) });
  }

  role(name: string, permissions: bigint, ...holders: readonly Snowflake[]): Snowflake {
    const { id } = this.ok<{ id: Snowflake }>(OWNER, {
      kind: 'createRole',
      patch: { name, permissions: String(permissions) },
    });
    for (const userId of holders) this.ok(OWNER, { kind: 'addMemberRole', userId, roleId: id });
    return id;
  }

  channel(name: string, type = 0, more: object = {}): Snowflake {
    return this.ok<{ id: Snowflake }>(OWNER, { kind: 'createChannel', draft: { name, type, ...more } }).id;
  }

  byName(name: string): Snowflake {
    const found = [...this.state.channels.values()].find((channel) => channel.name === name);
    if (!found) throw new Error(`no channel ${name}`);
    return found.id;
  }
}

export const refusedAs = ({ reply }: Decision): string | null => ('refused' in reply ? reply.refused : null);
export const events = ({ rows }: Decision): EventDraft[] => rows.filter((row) => row.kind === 'event');
/** One word per row: event name, `gained/lost` of a visibility row, or kind. */
export const story = ({ rows }: { readonly rows: readonly RowDraft[] }): string[] =>
  rows.map((row) =>
    row.kind === 'event' ? row.t : row.kind === 'visibility' ? `+${row.gained.length}-${row.lost.length}` : row.kind,
  );
export const kindsOfWrites = ({ writes }: Decision): string[] => writes.map(({ w }) => w);
export const PERSON_ASK = { mask: ALL_EVENTS, person: true };

/** With everybody but strangers. */
export const settled = () => {
  const world = new World();
  world.join(MOD, ANN, BEN, BOT);
  return world;
};

/** The specification takes times with Z alone; Discord and its clients write and read an offset. */
export const zulu = (value: unknown): unknown => JSON.parse(JSON.stringify(value).replaceAll('+00:00"', 'Z"'));
