/** From a socket's op 2 or op 6 to what becomes of it: let in when it is its turn, its token checked; turned away when it would wait too long. */
import type { Directory } from '../actor/directory.ts';
import type { Load } from '../actor/pressure.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import type { CloseName } from '../protocol/closes.ts';
import { userKey } from '../protocol/ids.ts';
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
  readonly directory: Directory;
  /** The sessions that bots start are counted: `botStarts` of one bot in `botStartsMs` (max_concurrency, docs/events/gateway). */
  readonly countsStarts: boolean;
  readonly isRevoked: (tokenHash: string) => boolean;
  /** op 9. */
  readonly refuse: (connection: Connection, why: string) => void;
}

/** The socket has moved on since that handshake. */
const isOver = ({ state, attempt }: Connection, since: number): boolean => state !== 'busy' || attempt !== since;

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
    const sendAway = (attempt: number): void => this.#sendAway(connection, attempt);
    const known = (account: Account, attempt: number): void => {
      if (account.kind !== 'bot' || !this.#ports.countsStarts) return then(account);
      this.#mayStart(account).then((may) => {
        if (isOver(connection, attempt)) return;
        if (this.#ports.isRevoked(account.tokenHash)) return this.#close(connection, 'authenticationFailed');
        if (may) return then(account);
        this.done(connection);
        sendAway(attempt);
      });
    };
    this.#enter(connection, token, known, sendAway);
  }

  /** Turned away by a close that loses no session. */
  resume(connection: Connection, token: string, then: (account: Account) => void): void {
    const resumed = (account: Account): void => {
      then(account);
      this.done(connection);
    };
    this.#enter(connection, token, resumed, () => {
      this.#ports.metrics.turnedAway += 1;
      connection.close('unknownError');
    });
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
    then: (account: Account, attempt: number) => void,
    turnAway: (attempt: number) => void,
  ): void {
    connection.state = 'busy';
    connection.since = this.#ports.clock.monotonic();
    connection.attempt += 1;
    const { attempt } = connection;
    const checked = (account: Account | null | 'fault'): void => {
      if (isOver(connection, attempt)) return;
      const isGood = account !== 'fault' && account !== null && !this.#ports.isRevoked(account.tokenHash);
      if (isGood) return then(account, attempt);
      this.#close(connection, account === 'fault' ? 'unknownError' : 'authenticationFailed');
    };
    this.#admission.enter(connection, {
      begin: () => this.#ports.authenticate(token).then(checked, () => checked('fault')),
      turnAway: () => turnAway(attempt),
    });
  }

  #close(connection: Connection, name: CloseName): void {
    connection.close(name);
    this.done(connection);
  }

  /** Counted where the bot lives, so that it is one number for all workers. Who cannot be asked stops nobody. */
  async #mayStart({ record }: Account): Promise<boolean> {
    const { directory, clock, limits } = this.#ports;
    const { id: user } = record.user;
    const rate = { bucket: 'identify', user, limit: limits.botStarts, windowMs: limits.botStartsMs };
    try {
      const options = { deadline: clock.now() + limits.identifyWaitMs, rate };
      const { reply } = await directory.read(userKey(user), { ask: 'self' }, options);
      return !('refused' in reply && reply.refused === 'rateLimited');
    } catch {
      return true;
    }
  }

  #sendAway(connection: Connection, attempt: number): void {
    const { clock, random, limits, metrics, refuse } = this.#ports;
    metrics.turnedAway += 1;
    const { turnAwayMinMs: least, turnAwayMaxMs: most } = limits;
    clock.after(least + random.unit() * (most - least), () => {
      if (!isOver(connection, attempt)) refuse(connection, 'busy');
    });
  }
}
