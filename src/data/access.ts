/** Who may call: whoever knows the token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';
import type { Metadata } from '@grpc/grpc-js';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

export class Access {
  readonly #wanted: Buffer;

  constructor(token: string) {
    this.#wanted = digest(token);
  }

  /** How long it takes tells nothing about the token. */
  allows(metadata: Metadata): boolean {
    const said = metadata.get('authorization')[0]?.toString() ?? '';
    return timingSafeEqual(digest(said.replace(/^Bearer /i, '')), this.#wanted);
  }
}

/** Only this machine can reach it. */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith('127.');
  return host === '::1' || host === 'localhost';
}
