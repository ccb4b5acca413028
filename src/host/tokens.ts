/** Token texts and who they belong to. A token is looked up by its hash; the text itself is never kept. */
import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Clock } from '../base/clock.ts';
import type { Random } from '../base/random.ts';
import type { Account, Authenticate } from '../protocol/accounts.ts';
import { Fault } from '../protocol/errors.ts';
import type { Snowflake } from '../protocol/ids.ts';
import type { TokenRecord } from '../protocol/records.ts';
import type { UsersPort } from '../store/ports.ts';

export type TokenReads = Pick<UsersPort, 'token' | 'user' | 'application'>;

export interface TokensOptions {
  readonly store: TokenReads;
  readonly random: Random;
  readonly clock: Pick<Clock, 'now'>;
  /** Accounts remembered. */
  readonly capacity: number;
}

/** One lookup in hand. `stale`: something was forgotten since it began, so what it read may be from before. */
interface Flight {
  readonly answer: Promise<Account | null>;
  stale: boolean;
}

/** `base64(user id)`.`6 characters`.`secret`, three parts of base64url (wire-rules.md rule 11). */
const TOKEN = /^([\w-]{8,40})\.[\w-]{6,12}\.[\w-]{20,100}$/;
/** A lookup that meets a revocation is made again, this often. */
const ATTEMPTS = 3;

export class Tokens {
  readonly #store: TokenReads;
  readonly #random: Random;
  readonly #clock: Pick<Clock, 'now'>;
  /** Only tokens that are good: unknown ones cost one keyed read each and no memory. */
  readonly #accounts: LRUCache<string, Account>;
  readonly #hashesOf = new Map<Snowflake, Set<string>>();
  readonly #flights = new Map<string, Flight>();

  constructor({ store, random, clock, capacity }: TokensOptions) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#accounts = new LRUCache({ max: capacity, dispose: (account, hash) => this.#unlist(account, hash) });
  }

  /** A new token of a user: shown once, while the record is what is stored. */
  make(user: Snowflake, kind: TokenRecord['kind']): { readonly token: string; readonly record: TokenRecord } {
    const first = Buffer.from(user).toString('base64url');
    const token = `${first}.${this.#random.secret(6).slice(0, 6)}.${this.#random.secret(28)}`;
    return { token, record: this.record(token, user, kind) };
  }

  record(text: string, user: Snowflake, kind: TokenRecord['kind']): TokenRecord {
    return { hash: tokenHash(text), user, kind, createdAt: this.#clock.now() };
  }

  /** Bound, so that it can be handed to the edges. Rejects with Fault when the store cannot say. */
  readonly authenticate: Authenticate = async (text) => {
    const user = userOf(text);
    if (user === null) return null;
    const hash = tokenHash(text);
    const known = this.#accounts.get(hash);
    if (known !== undefined) return known;
    const account = await this.#lookup(hash);
    return account?.record.user.id === user ? account : null;
  };

  /** The account of a token that was good a moment ago, without a read; null says nothing. */
  readonly recall = (text: string): Account | null => this.#accounts.get(tokenHash(text)) ?? null;

  /** These tokens are revoked: no answer from before is given or kept from now on. */
  forget(hashes: readonly string[]): void {
    for (const hash of hashes) {
      this.#accounts.delete(hash);
      this.#spoil(hash);
    }
  }

  /** The user or his application changed. */
  forgetUser(user: Snowflake): void {
    for (const hash of [...(this.#hashesOf.get(user) ?? [])]) this.#accounts.delete(hash);
    // Whose token a lookup in hand is about, is not known yet.
    for (const hash of [...this.#flights.keys()]) this.#spoil(hash);
  }

  #spoil(hash: string): void {
    const flight = this.#flights.get(hash);
    if (flight !== undefined) flight.stale = true;
    this.#flights.delete(hash);
  }

  async #lookup(hash: string): Promise<Account | null> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const flight = this.#flights.get(hash) ?? this.#depart(hash);
      const account = await flight.answer;
      if (!flight.stale) return account;
    }
    throw new Fault('unavailable', true, 'the account keeps changing');
  }

  #depart(hash: string): Flight {
    const flight: Flight = { answer: this.#load(hash), stale: false };
    this.#flights.set(hash, flight);
    const land = (account: Account | null): void => {
      if (this.#flights.get(hash) === flight) this.#flights.delete(hash);
      if (account !== null && !flight.stale) this.#remember(hash, account);
    };
    flight.answer.then(land, () => land(null));
    return flight;
  }

  async #load(hash: string): Promise<Account | null> {
    const token = await this.#store.token(hash);
    if (token === null) return null;
    const bot = token.kind === 'bot';
    const [record, application] = await Promise.all([
      this.#store.user(token.user),
      bot ? this.#store.application(token.user) : null,
    ]);
    if (record === null || (bot && application === null)) return null;
    return { kind: token.kind, record, application, tokenHash: hash };
  }

  #remember(hash: string, account: Account): void {
    this.#accounts.set(hash, account);
    const { id } = account.record.user;
    const hashes = this.#hashesOf.get(id) ?? new Set<string>();
    this.#hashesOf.set(id, hashes.add(hash));
  }

  #unlist(account: Account, hash: string): void {
    const { id } = account.record.user;
    const hashes = this.#hashesOf.get(id);
    hashes?.delete(hash);
    if (hashes?.size === 0) this.#hashesOf.delete(id);
  }
}

/** SHA-256, base64url. */
export const tokenHash = (text: string): string => hash('sha256', text, 'base64url');

/** What its first part says; null: no token at all. */
function userOf(text: string): Snowflake | null {
  const first = TOKEN.exec(text)?.[1];
  if (first === undefined) return null;
  const user = Buffer.from(first, 'base64url').toString('latin1');
  return /^\d{15,20}$/.test(user) ? user : null;
}
