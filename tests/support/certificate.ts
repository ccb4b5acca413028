/** Certificates that tests make for themselves: node:crypto signs, but it writes none, so the few parts of X.509 that one needs are written here. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface MadeCertificate {
  /** PEM. Signed by itself: its own authority. */
  readonly cert: string;
  readonly key: string;
}

/** The two files in a folder of their own. */
export class TlsFiles implements Disposable {
  readonly #dir = mkdtempSync(join(tmpdir(), 'guildhall-tls-'));
  readonly cert = join(this.#dir, 'cert.pem');
  readonly key = join(this.#dir, 'key.pem');

  constructor(...hosts: readonly string[]) {
    const made = makeCertificate(...hosts);
    writeFileSync(this.cert, made.cert);
    writeFileSync(this.key, made.key, { mode: 0o600 });
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true });
  }
}

const DAY_MS = 86_400_000;
const TRUE = Buffer.from([0xff]);

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

/** The shortest form is the only one. */
function lengthOf(bytes: number): number[] {
  if (bytes < 128) return [bytes];
  return bytes < 256 ? [0x81, bytes] : [0x82, bytes >> 8, bytes & 0xff];
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const whole = (value: number): Buffer => der(0x02, Buffer.from([value]));
const time = (at: number): Buffer => der(0x18, Buffer.from(new Date(at).toISOString().replace(/[-:T]|\.\d+/g, '')));

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const BASIC_CONSTRAINTS = oid('551d13');
const ALTERNATIVE_NAME = oid('551d11');

const nameOf = (text: string): Buffer => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));

/** IPv4 or a name. */
const hostOf = (host: string): Buffer =>
  isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));

/** For these hosts, today. */
export function makeCertificate(...hosts: readonly string[]): MadeCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = nameOf('a test');
  const extensions = sequence(
    sequence(BASIC_CONSTRAINTS, der(0x01, TRUE), der(0x04, sequence(der(0x01, TRUE)))),
    sequence(ALTERNATIVE_NAME, der(0x04, sequence(...hosts.map(hostOf)))),
  );
  const signed = sequence(
    ...[der(0xa0, whole(2)), whole(1), ECDSA_SHA256, name],
    ...[sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)), name],
    ...[publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, extensions)],
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', signed, privateKey)]));
  const body = sequence(signed, ECDSA_SHA256, signature).toString('base64').replace(/.{64}/g, '$&\n');
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}
