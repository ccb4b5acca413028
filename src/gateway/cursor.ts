/** Writes what a session has not had yet, at the pace of `drain`; at the head of the log it goes live in the same turn. */
import type { Clock } from '../base/clock.ts';
import { wireBytes } from '../base/text.ts';
import type { Connection } from './connection.ts';
import { dispatch } from './frames.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';
import type { Outlet } from './outlet.ts';
import type { Due, Session } from './session.ts';
import { bodyFor } from './variants.ts';

export interface CursorPorts {
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly invalidate: (session: Session, why: string) => void;
}

/** What ended a batch of writes. */
type Stop = 'full' | 'turn' | 'wait' | 'lost' | 'head';

export class Cursor {
  readonly #ports: CursorPorts;
  readonly #later = new Set<Session>();

  constructor(ports: CursorPorts) {
    this.#ports = ports;
  }

  pump(session: Session): void {
    const { connection } = session;
    if (connection === null || session.live || connection.owes) return;
    const { outlet, invalidate } = this.#ports;
    for (let written = 0; connection.writable; ) {
      if (session.missesEvicted(session.cursor, outlet.log)) return invalidate(session, 'evicted');
      const batch = this.#writeBatch(session, connection, written);
      if (session.connection !== connection || batch.stop === 'wait') return;
      if (batch.stop === 'lost') return invalidate(session, 'evicted');
      // What is published does not ask how much the socket buffers: it goes live when that is little.
      if (batch.stop === 'head' && connection.writable) return outlet.goLive(session);
      if (batch.stop === 'turn') return this.#nextTurn(session);
      written = batch.written;
    }
  }

  /** A client that takes everything at once still leaves the loop to others. */
  #nextTurn(session: Session): void {
    if (this.#later.has(session)) return;
    this.#later.add(session);
    this.#ports.clock.defer(() => {
      this.#later.delete(session);
      this.pump(session);
    });
  }

  /** At most what a writable socket takes in one write, or one frame that is bigger. */
  #writeBatch(session: Session, connection: Connection, before: number): { stop: Stop; written: number } {
    const { outlet, limits, metrics } = this.#ports;
    let written = before;
    let stop: Stop = 'full';
    connection.socket.cork(() => {
      for (let room = limits.writableBytes; room > 0; ) {
        const due = written < limits.cursorFrames ? session.next(outlet.log) : 'turn';
        if (due === null) stop = 'head';
        else if (typeof due === 'string') stop = due;
        if (due === null || typeof due === 'string') return;
        const frame = this.#frame(session, due);
        connection.socket.send(frame);
        room -= wireBytes(frame);
        written += 1;
        metrics.written += 1;
      }
    });
    return { stop, written };
  }

  #frame(session: Session, { position, body, again }: Due): string {
    const { outlet } = this.#ports;
    const { mask, user } = session.traits;
    const s = again ?? session.numbers.give(position, body.t !== 'RESUMED', outlet.log);
    return dispatch(body.t, s, 'cls' in body ? bodyFor(body, mask, user) : body.d);
  }
}
