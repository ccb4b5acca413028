/** Open sockets: in total, per address, and those that nobody knows yet; all bounded. */
import type { GatewayLimits } from './limits.ts';

/** This machine: a proxy on it speaks for everybody, and who is on it can do worse than open sockets. */
const LOOPBACK = /^(?:::ffff:)?127\.|^::1$/;

export class SocketCounts {
  readonly #byIp = new Map<string, number>();
  #all = 0;
  /** Sockets that have not identified: counted at each sweep, and one more with each that opens in between. */
  strangers = 0;

  constructor(readonly limits: Pick<GatewayLimits, 'sockets' | 'socketsPerIp' | 'strangers'>) {}

  admits(ip: string): boolean {
    const { sockets, socketsPerIp, strangers } = this.limits;
    if (this.#all >= sockets || this.strangers >= strangers) return false;
    return LOOPBACK.test(ip) || (this.#byIp.get(ip) ?? 0) < socketsPerIp;
  }

  add(ip: string): void {
    this.#all += 1;
    this.strangers += 1;
    this.#byIp.set(ip, (this.#byIp.get(ip) ?? 0) + 1);
  }

  remove(ip: string): void {
    this.#all -= 1;
    const left = (this.#byIp.get(ip) ?? 1) - 1;
    if (left === 0) this.#byIp.delete(ip);
    else this.#byIp.set(ip, left);
  }
}
