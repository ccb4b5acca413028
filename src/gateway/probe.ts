/**
 * A session that the server has with itself: attached to an owner like any other, written to by the outlet like a bot's, but to a socket
 * that is a function. It says when the owner has attached it and when an event of that owner has come out.
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
import type { Outlet } from './outlet.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { Socket } from './socket.ts';

interface ProbePorts {
  readonly self: WorkerId;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
  readonly outlet: Outlet;
  readonly sessions: Sessions;
  readonly attachments: Attachments;
}

export interface Probe {
  /** Resolves when the owner's event with this nonce was written; null: when the owner has attached this session. May wait for ever. */
  heard(nonce: string | null): Promise<void>;
  /** Nothing of it stays. */
  close(): void;
}

export type OpenProbe = (owner: OwnerKey) => Probe;

/** Nobody's id: the first snowflake. */
const USER = '0';
const INFO = { ip: '', version: 10, url: '' } as const;

export function probeOpener({ self, clock, random, limits, outlet, sessions, attachments }: ProbePorts): OpenProbe {
  return (owner) => {
    const waiting = new Map<string | null, PromiseWithResolvers<void>>();
    const wait = (nonce: string | null): PromiseWithResolvers<void> => {
      const waits = waiting.get(nonce) ?? Promise.withResolvers<void>();
      waiting.set(nonce, waits);
      return waits;
    };
    const traits = { user: USER, token: '', own: true, mask: ALL_EVENTS, shard: null, version: 10, hop: 0 } as const;
    const id = `${self}.0.${random.secret(16)}`;
    const session = new Session({ ...traits, id }, limits, outlet.log.head + 1, clock.monotonic());
    const socket = socketOf((text) => {
      const { t, s, d } = parseOwn<{ t: string | null; s: number | null; d: ProbeData }>(text);
      if (s !== null) session.confirm(s, outlet.log);
      if (t === PROBE_EVENT) wait(d.nonce).resolve();
    });
    const connection = new Connection(0, socket, INFO, limits, clock.monotonic());
    sessions.add(session);
    sessions.bind(session, connection);
    attachments.attach(session, owner, 0);
    return {
      heard: (nonce) => wait(nonce).promise,
      close() {
        connection.state = 'closed';
        outlet.rest(session);
        sessions.remove(session);
        attachments.leave(session);
        attachments.forget(owner, id, traits.hop);
      },
    };
  };
}

/** Takes everything at once. */
function socketOf(send: (text: string) => void): Socket {
  return {
    send: (text) => {
      send(text);
      return text.length;
    },
    buffered: () => 0,
    subscribe: () => {},
    unsubscribe: () => {},
    close: () => {},
    terminate: () => {},
    cork: (write) => write(),
  };
}
