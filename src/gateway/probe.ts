/**
 * A session that the server has with itself: attached to an owner like any other, and written to by the outlet. Over a line it is one of a
 * person's, which gets what is published, on a real socket; else one of a bot's, on a socket that is a function. It says when the owner has
 * attached it and when an event of that owner has come out.
 */
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import { ALL_EVENTS } from '../protocol/envelope.ts';
import type { OwnerKey, WorkerId } from '../protocol/ids.ts';
import { parseOwn } from '../protocol/json.ts';
import { PROBE_EVENT, type ProbeData } from '../protocol/probe.ts';
import type { Attachments } from './attachments.ts';
import { Connection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';
import type { Line, OpenLine } from './line.ts';
import type { Outlet } from './outlet.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Socket } from './socket.ts';

export interface ProbeLine {
  /** A socket of this worker to itself; null: this runtime has none. */
  readonly openLine: OpenLine | null;
}

interface ProbePorts extends ProbeLine {
  readonly self: WorkerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
  readonly outlet: Outlet;
  readonly sessions: Sessions;
  readonly attachments: Attachments;
}

export interface Probe {
  /** Resolves when the owner's event with this nonce has come out; null: when the owner has attached this session. May wait for ever. */
  heard(nonce: string | null): Promise<void>;
  /** Nothing of it stays. */
  close(): void;
}

/** `onLine`: on a real socket, where the runtime has one. Throws when it can have none now. */
export type OpenProbe = (owner: OwnerKey, onLine: boolean) => Probe;

/** Nobody's id: the first snowflake. */
const USER = '0';
const INFO = { ip: '', version: 10, url: '' } as const;

export function probeOpener(ports: ProbePorts): OpenProbe {
  return (owner, onLine) => {
    const waiting = new Map<string | null, PromiseWithResolvers<void>>();
    const wait = (nonce: string | null): PromiseWithResolvers<void> => {
      const waits = waiting.get(nonce) ?? Promise.withResolvers<void>();
      waiting.set(nonce, waits);
      return waits;
    };
    let stay: Stay | null = null;
    const hear = (text: string): void => {
      const { t, s, d } = parseOwn<{ t: string | null; s: number | null; d: ProbeData }>(text);
      if (s !== null) stay?.session.confirm(s, ports.outlet.log);
      if (t === PROBE_EVENT) wait(d.nonce).resolve();
    };
    const openLine = onLine ? ports.openLine : null;
    const line = openLine === null ? openDirect(hear) : openLine(ports.random, hear);
    let isOver = false;
    void line.socket.then((socket) => {
      if (!isOver) stay = begin(ports, owner, socket, openLine === null);
    });
    return {
      heard: (nonce) => wait(nonce).promise,
      close() {
        isOver = true;
        if (stay !== null) end(ports, owner, stay);
        line.close();
      },
    };
  };
}

interface Stay {
  readonly session: Session;
  readonly connection: Connection;
}

function begin(ports: ProbePorts, owner: OwnerKey, socket: Socket, own: boolean): Stay {
  const { self, clock, random, limits, outlet, sessions, attachments } = ports;
  const id = `${self}.0.${random.secret(16)}`;
  const traits = { id, user: USER, token: '', own, mask: ALL_EVENTS, shard: null, version: 10, hop: 0 } as const;
  const session = new Session(traits, limits, outlet.log.head + 1, clock.monotonic());
  const connection = new Connection(0, socket, INFO, limits, clock.monotonic());
  sessions.add(session);
  sessions.bind(session, connection);
  attachments.attach(session, owner, 0);
  return { session, connection };
}

function end({ outlet, sessions, attachments }: ProbePorts, owner: OwnerKey, { session, connection }: Stay): void {
  connection.state = 'closed';
  outlet.rest(session);
  sessions.remove(session);
  attachments.leave(session);
  attachments.forget(owner, session.id, session.traits.hop);
}

/** Takes everything at once. */
function openDirect(hear: (text: string) => void): Line {
  const socket: Socket = {
    send: (text) => {
      hear(text);
      return text.length;
    },
    buffered: () => 0,
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {},
    terminate: () => {},
    cork: (write) => write(),
  };
  return { socket: Promise.resolve(socket), close: () => {} };
}
