/** From a socket's op 2 or op 6 to what becomes of it: let in when it is its turn, its token checked; turned away when it would wait too long. */
import type { Directory } from '../actor/directory.ts';
import type { Load } from '../actor/pressure.ts';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import { startsAtOnce, startsInAll } from '../protocol/bot-starts.ts';
import type { CloseName } from '../protocol/closes.ts';
import { type Snowflake, userKey } from '../protocol/ids.ts';
import type { RateClaim } from '../protocol/links.ts';
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
  /** The sessions that bots start are counted, at once and in all (protocol/bot-starts.ts). */
  readonly countsStarts: boolean;
  readonly log: (what: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly isRevoked: (tokenHash: string) => boolean;
  /** op 9. */
  readonly refuse: (connection: Connection, why: string) => void;
}

/** The socket has moved on since that handshake. */
const isOver = ({ state, attempt }: Connection, since: number): boolean => state !== 'busy' || attempt !== since;

/** Between two lines about bots that start too many sessions. */
const SAY_MS = 60_000;

export class Handshakes {
  readonly #ports: HandshakePorts;
  #silentUntil = Number.NEGATIVE_INFINITY;
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
    const sendAway = (attempt: number): void => this.#sendAway(connection, attempt, 'busy');
    const known = (account: Account, attempt: number): void => {
      if (account.kind !== 'bot' || !this.#ports.countsStarts) return then(account);
      this.#beyond(account.record.user.id).then((beyond) => {
        if (isOver(connection, attempt)) return;
        if (this.#ports.isRevoked(account.tokenHash)) return this.#close(connection, 'authenticationFailed');
        if (beyond === null) return then(account);
        this.done(connection);
        this.#sendAway(connection, attempt, beyond);
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

  /** What this bot has started too much of; null: one more is counted. */
  async #beyond(bot: Snowflake): Promise<'busy' | 'starts' | null> {
    const { clock, limits } = this.#ports;
    const deadline = clock.now() + limits.identifyWaitMs;
    // At once first: who comes too fast, and comes again, does not use up what he has in all.
    if (await this.#isRefused(bot, startsAtOnce(bot, limits), deadline)) return 'busy';
    if (!(await this.#isRefused(bot, startsInAll(bot, limits), deadline))) return null;
    this.#saySpent(bot);
    return 'starts';
  }

  /** Who cannot be asked stops nobody. */
  async #isRefused(bot: Snowflake, rate: RateClaim, deadline: number): Promise<boolean> {
    try {
      const { reply } = await this.#ports.directory.read(userKey(bot), { ask: 'self' }, { deadline, rate });
      return 'refused' in reply && reply.refused === 'rateLimited';
    } catch {
      return false;
    }
  }

  /** Its client comes again every few seconds until it is stopped. */
  #saySpent(bot: Snowflake): void {
    const { clock, limits, log } = this.#ports;
    if (clock.monotonic() < this.#silentUntil) return;
    this.#silentUntil = clock.monotonic() + SAY_MS;
    log('a bot has started as many sessions as it may', { bot, total: limits.botStartsTotal });
  }

  #sendAway(connection: Connection, attempt: number, why: string): void {
    const { clock, random, limits, metrics, refuse } = this.#ports;
    metrics.turnedAway += 1;
    const { turnAwayMinMs: least, turnAwayMaxMs: most } = limits;
    clock.after(least + random.unit() * (most - least), () => {
      if (!isOver(connection, attempt)) refuse(connection, why);
    });
  }
}
