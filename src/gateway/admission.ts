/**
 * Handshakes that are under way, a bounded number at once: the others wait their turn, address by address, and who would wait too long is told so early.
 * A crowd that comes back all at once is let in at the pace of the server, and what else the server does goes on.
 */
import type { Clock } from '../base/clock.ts';
import type { Connection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';

export interface AdmissionPorts {
  readonly clock: Clock;
  readonly limits: Pick<GatewayLimits, 'identifies' | 'identifyHoldMs' | 'identifiesWaiting' | 'identifyWaitMs'>;
  /** There is too much to do already: who waits goes on waiting. */
  readonly isOverloaded: () => boolean;
}

export interface Entrant {
  /** It is let in. */
  begin(): void;
  /** It must come again later. */
  turnAway(): void;
}

interface Waiting {
  readonly entrant: Entrant;
  readonly since: number;
}

type Queue = Map<Connection, Waiting>;

export class Admission {
  readonly #ports: AdmissionPorts;
  /** When they began, in that order. */
  readonly #underWay = new Map<Connection, number>();
  /** By address. The first one is next, and goes to the end then. */
  readonly #queues = new Map<string, Queue>();
  #waiting = 0;

  constructor(ports: AdmissionPorts) {
    this.#ports = ports;
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** One of the two is called, now or in time, unless the socket has left by then. */
  enter(connection: Connection, entrant: Entrant): void {
    const { clock, limits } = this.#ports;
    if (this.#waiting === 0 && this.#hasRoom) return this.#begin(connection, entrant);
    if (this.#waiting >= limits.identifiesWaiting) return entrant.turnAway();
    const { ip } = connection.info;
    const queue = this.#queues.get(ip) ?? new Map();
    this.#queues.set(ip, queue.set(connection, { entrant, since: clock.monotonic() }));
    this.#waiting += 1;
  }

  /** It is through, or over. */
  leave(connection: Connection): void {
    const { ip } = connection.info;
    const queue = this.#queues.get(ip);
    if (queue?.delete(connection)) this.#forget(ip, queue);
    if (this.#underWay.delete(connection)) this.#next();
  }

  /** Who is under way for long waits for others, and keeps nobody's place. */
  sweep(now: number): void {
    const { limits } = this.#ports;
    for (const [connection, since] of this.#underWay) {
      if (now - since < limits.identifyHoldMs) break;
      this.#underWay.delete(connection);
    }
    for (const [ip, queue] of [...this.#queues]) {
      for (const [connection, { since, entrant }] of queue) {
        if (now - since < limits.identifyWaitMs) break;
        queue.delete(connection);
        this.#forget(ip, queue);
        entrant.turnAway();
      }
    }
    this.#next();
  }

  get #hasRoom(): boolean {
    return this.#underWay.size < this.#ports.limits.identifies && !this.#ports.isOverloaded();
  }

  #begin(connection: Connection, entrant: Entrant): void {
    this.#underWay.set(connection, this.#ports.clock.monotonic());
    entrant.begin();
  }

  #next(): void {
    while (this.#waiting > 0 && this.#hasRoom) {
      const [[ip, queue] = []] = this.#queues;
      const [[connection, waiting] = []] = queue ?? [];
      if (ip === undefined || queue === undefined || connection === undefined || waiting === undefined) return;
      queue.delete(connection);
      this.#queues.delete(ip);
      if (queue.size > 0) this.#queues.set(ip, queue);
      this.#waiting -= 1;
      this.#begin(connection, waiting.entrant);
    }
  }

  #forget(ip: string, queue: Queue): void {
    this.#waiting -= 1;
    if (queue.size === 0) this.#queues.delete(ip);
  }
}
