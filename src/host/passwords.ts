/** Passwords as PHC text `$scrypt$ln=14,r=8,p=5$salt$hash` (base64 without padding). Slow on purpose, so few at once. */
import { type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';
import type { Random } from '../base/random.ts';
import { Fault } from '../protocol/errors.ts';

export interface PasswordsOptions {
  readonly random: Random;
  /** Hashes made at once; each takes a thread and `2 ** cost` KiB. */
  readonly atOnce: number;
  /** Calls that wait; one more is a Fault `overloaded`. */
  readonly waiting: number;
  /** log2 of scrypt's N. The default is OWASP's least for r=8, p=5. */
  readonly cost?: number;
}

const BLOCK = 8;
const PARALLEL = 5;
const HASH_BYTES = 32;
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{8,86})\$([A-Za-z0-9+/]{22,86})$/;
/** Above this a stored text is not of ours: it would take more than a GiB. */
const MAX_COST = 20;

/** What scrypt is given. */
interface Derived {
  readonly password: string;
  readonly salt: Buffer;
  readonly bytes: number;
  readonly ln: number;
  readonly r: number;
  readonly p: number;
}

const gone = (): Fault => new Fault('lost', true, 'nobody waits for the password any more');

export class Passwords {
  readonly #options: PasswordsOptions;
  readonly #cost: number;
  readonly #queue: (() => void)[] = [];
  #running = 0;

  constructor(options: PasswordsOptions) {
    this.#options = options;
    this.#cost = options.cost ?? 14;
  }

  /** `signal`: nobody waits any more; what has not begun by then is not done. */
  async hash(password: string, signal: AbortSignal | null = null): Promise<string> {
    const salt = Buffer.from(this.#options.random.secret(16), 'base64url');
    const hash = await this.#derive(
      { password, salt, bytes: HASH_BYTES, ln: this.#cost, r: BLOCK, p: PARALLEL },
      signal,
    );
    return `$scrypt$ln=${this.#cost},r=${BLOCK},p=${PARALLEL}$${plain(salt)}$${plain(hash)}`;
  }

  /** `stored` null or unreadable: false, after as much time as a wrong password takes. `signal`: as for `hash`. */
  async verify(password: string, stored: string | null, signal: AbortSignal | null = null): Promise<boolean> {
    const [, cost, block, parallel, salt, hash] = PHC.exec(stored ?? '') ?? [];
    if (salt === undefined || hash === undefined || Number(cost) > MAX_COST) {
      await this.hash(password, signal);
      return false;
    }
    const wanted = Buffer.from(hash, 'base64');
    const salted = Buffer.from(salt, 'base64');
    const [ln, r, p] = [Number(cost), Number(block), Number(parallel)];
    const found = await this.#derive({ password, salt: salted, bytes: wanted.length, ln, r, p }, signal);
    return timingSafeEqual(found, wanted);
  }

  async #derive({ password, salt, bytes, ln, r, p }: Derived, signal: AbortSignal | null): Promise<Buffer> {
    await this.#enter(signal);
    try {
      const options = { N: 2 ** ln, r, p, maxmem: 2 * 128 * 2 ** ln * r + 128 * r * p };
      return await scryptAsync(password.normalize('NFKC'), salt, bytes, options);
    } finally {
      this.#leave();
    }
  }

  async #enter(signal: AbortSignal | null): Promise<void> {
    if (signal?.aborted) throw gone();
    if (this.#running < this.#options.atOnce) {
      this.#running += 1;
      return;
    }
    if (this.#queue.length >= this.#options.waiting) throw new Fault('overloaded', true, 'too many passwords at once');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = (): void => {
      const at = this.#queue.indexOf(resolve);
      if (at === -1) return;
      this.#queue.splice(at, 1);
      reject(gone());
    };
    // The one who leaves hands its place over: `#running` stays.
    this.#queue.push(resolve);
    signal?.addEventListener('abort', leave);
    await promise.finally(() => signal?.removeEventListener('abort', leave));
  }

  #leave(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#running -= 1;
    else next();
  }
}

function scryptAsync(password: string, salt: Buffer, bytes: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password, salt, bytes, options, (error, hash) => (error instanceof Error ? reject(error) : resolve(hash)));
  });
}

const plain = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
