/** From a socket's op 2 or op 6 to what becomes of it: let in when it is its turn, its token checked; turned away when it would wait too long. */
import type { Load } from '../actor/pressure.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import { shedAt } from '../protocol/urgency.ts';
import { Admission } from './admission.ts';
import type { Connection } from './connection.ts';
import type { GatewayLimits } from './limits.ts';
import type { GatewayMetrics } from './metrics.ts';

export interface HandshakePorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: GatewayLimits;
  readonly metrics: GatewayMetrics;
  readonly load: Load;
  readonly authenticate: Authenticate;
  readonly isRevoked: (tokenHash: string) => boolean;
  /** op 9. */
  readonly refuse: (connection: Connection, why: string) => void;
}

export class Handshakes {
  readonly #ports: HandshakePorts;
  readonly #admission: Admission;

  constructor(ports: HandshakePorts) {
    this.#ports = ports;
    const isOverloaded = (): boolean => ports.load.level >= shedAt('ordinary');
    this.#admission = new Admission({ clock: ports.clock, limits: ports.limits, isOverloaded });
  }

  get underWay(): number {
    return this.#admission.underWay;
  }

  get waiting(): number {
    return this.#admission.waiting;
  }

  /** An identify is under way until `done`: what follows the check is what costs. */
  identify(connection: Connection, token: string, then: (account: Account) => void): void {
    this.#enter(connection, token, then, (attempt) => this.#sendAway(connection, attempt));
  }

  /** Turned away by a close that loses no session. */
  resume(connection: Connection, token: string, then: (account: Account) => void): void {
    const resumed = (account: Account): void => {
      then(account);
      this.done(connection);
    };
    this.#enter(connection, token, resumed, () => connection.close('unknownError'));
  }

  /** It is through, or over. */
  done(connection: Connection): void {
    this.#admission.leave(connection);
  }

  sweep(now: number): void {
    this.#admission.sweep(now);
  }

  /** `then` is called unless the socket has moved on meanwhile. */
  #enter(
    connection: Connection,
    token: string,
    then: (account: Account) => void,
    turnAway: (attempt: number) => void,
  ): void {
    connection.state = 'busy';
    connection.since = this.#ports.clock.monotonic();
    connection.attempt += 1;
    const { attempt } = connection;
    const isOver = (): boolean => connection.state !== 'busy' || connection.attempt !== attempt;
    const checked = (account: Account | null | 'fault'): void => {
      if (isOver()) return;
      if (account !== 'fault' && account !== null && !this.#ports.isRevoked(account.tokenHash)) return then(account);
      connection.close(account === 'fault' ? 'unknownError' : 'authenticationFailed');
      this.done(connection);
    };
    this.#admission.enter(connection, {
      begin: () => this.#ports.authenticate(token).then(checked, () => checked('fault')),
      turnAway: () => {
        this.#ports.metrics.turnedAway += 1;
        turnAway(attempt);
      },
    });
  }

  #sendAway(connection: Connection, attempt: number): void {
    const { clock, random, limits, refuse } = this.#ports;
    const { turnAwayMinMs: least, turnAwayMaxMs: most } = limits;
    clock.after(least + random.unit() * (most - least), () => {
      if (connection.state === 'busy' && connection.attempt === attempt) refuse(connection, 'busy');
    });
  }
}
