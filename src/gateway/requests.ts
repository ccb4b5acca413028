/** What a session asks of owners: op 3 presence, op 4 voice state, op 8 members. What is refused is not answered, as on the original. */
import type { Directory } from '../actor/directory.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { By, Command } from '../protocol/commands.ts';
import { Fault } from '../protocol/errors.ts';
import { guildKey, type OwnerKey, userKey } from '../protocol/ids.ts';
import type { Connection } from './connection.ts';
import type { ClientPresence, MembersData, VoiceData } from './handshake.ts';
import type { GatewayLimits } from './limits.ts';
import type { Session } from './session.ts';

export interface RequestPorts {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
}

interface Late {
  readonly session: Session;
  readonly presence: ClientPresence;
}

export class Requests {
  readonly #ports: RequestPorts;
  /** Presences that came too fast: the last one counts when the window is over. */
  readonly #late = new Map<Connection, Late>();

  constructor(ports: RequestPorts) {
    this.#ports = ports;
  }

  presence(connection: Connection, session: Session, presence: ClientPresence): void {
    if (!connection.presences.take(this.#ports.clock.monotonic())) {
      this.#late.set(connection, { session, presence });
      return;
    }
    this.#late.delete(connection);
    const { id, user } = session.traits;
    session.presence = { ...presence, client: session.presence?.client ?? 'web' };
    this.#ports.directory.tell(userKey(user), { kind: 'sessionPresence', session: id, presence: session.presence });
  }

  voice(session: Session, { guildId, ...voice }: VoiceData): void {
    const by = byOf(session);
    if (guildId === null || by === null) return;
    const guild = guildKey(guildId);
    if (voice.channelId === null) session.voice.delete(guild);
    else session.voice.add(guild);
    this.#ask(guild, { kind: 'voiceState', by, session: session.id, ...voice });
  }

  members(session: Session, { guildIds, ...request }: MembersData): void {
    const by = byOf(session);
    if (by === null) return;
    const intents = session.traits.mask;
    for (const id of new Set(guildIds)) {
      if (!session.attachments.has(guildKey(id))) continue;
      this.#ask(guildKey(id), { kind: 'requestMembers', by, session: session.id, intents, ...request });
    }
  }

  sweep(now: number): void {
    for (const [connection, { session, presence }] of [...this.#late]) {
      if (session.connection !== connection) this.#late.delete(connection);
      else if (connection.presences.open(now)) this.presence(connection, session, presence);
    }
  }

  #ask(to: OwnerKey, command: Command): void {
    const { directory, clock, random, limits } = this.#ports;
    const options = { commandId: random.uuid(), deadline: clock.now() + limits.askMs, rate: null };
    directory.ask(to, command, options).catch((error: unknown) => {
      // The world failed: the client asks again or not.
      if (!(error instanceof Fault)) throw error;
    });
  }
}

function byOf({ traits, self }: Session): By | null {
  return self === null ? null : { id: traits.user, self, reason: null };
}
