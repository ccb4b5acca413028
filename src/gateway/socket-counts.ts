/** Open sockets, in total and per address; both bounded. */
import type { GatewayLimits } from './limits.ts';

export class SocketCounts {
  readonly #byIp = new Map<string, number>();
  #all = 0;

  constructor(readonly limits: Pick<GatewayLimits, 'sockets' | 'socketsPerIp'>) {}

  admits(ip: string): boolean {
    return this.#all < this.limits.sockets && (this.#byIp.get(ip) ?? 0) < this.limits.socketsPerIp;
  }

  add(ip: string): void {
    this.#all += 1;
    this.#byIp.set(ip, (this.#byIp.get(ip) ?? 0) + 1);
  }

  remove(ip: string): void {
    this.#all -= 1;
    const left = (this.#byIp.get(ip) ?? 1) - 1;
    if (left === 0) this.#byIp.delete(ip);
    else this.#byIp.set(ip, left);
  }
}
