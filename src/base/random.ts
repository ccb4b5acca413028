/** The only place that knows real randomness. */
import { randomBytes, randomUUID } from 'node:crypto';

export interface Random {
  /** In [0, 1). */
  unit(): number;
  /** Unguessable text of `bytes` bytes, base64url. */
  secret(bytes: number): string;
  /** Unique text (command ids). */
  uuid(): string;
}

export const realRandom: Random = {
  unit: () => Math.random(),
  secret: (bytes) => randomBytes(bytes).toString('base64url'),
  uuid: () => randomUUID(),
};

/** mulberry32: the same seed gives the same run. */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  const next = (): number => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  };
  const secret = (bytes: number): string => Array.from({ length: bytes }, () => (next() % 36).toString(36)).join('');
  return { unit: () => next() / 2 ** 32, secret, uuid: () => `${next().toString(16)}-${next().toString(16)}` };
}
