/** TLS of the data service and to the cluster: the files that options name, looked at before anything depends on them. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Config } from './config.ts';

/** PEM. */
export interface TlsPair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Null: it speaks without TLS. Throws with a sentence. */
export function readDataTls({ dataTlsCert, dataTlsKey }: Config): TlsPair | null {
  if (dataTlsCert === null || dataTlsKey === null) return null;
  const cert = readFile('--data-tls-cert', dataTlsCert);
  const key = readFile('--data-tls-key', dataTlsKey);
  const certificate = parsed('--data-tls-cert', dataTlsCert, () => new X509Certificate(cert));
  const privateKey = parsed('--data-tls-key', dataTlsKey, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(privateKey))
    throw new Error(`The key in ${dataTlsKey} is not that of the certificate in ${dataTlsCert}.`);
  return { cert, key };
}

/** Null: the service is called without TLS. Throws with a sentence. */
export const readDataCa = ({ dataCaFile }: Config): Buffer | null => readCa('--data-ca-file', dataCaFile);

/** Null: the cluster is called without TLS. Throws with a sentence. */
export const readCqlCa = ({ cqlCaFile }: Config): Buffer | null => readCa('--cql-ca-file', cqlCaFile);

function readCa(option: string, file: string | null): Buffer | null {
  if (file === null) return null;
  const ca = readFile(option, file);
  parsed(option, file, () => new X509Certificate(ca));
  return ca;
}

function readFile(option: string, file: string): Buffer {
  return tried(`The file of ${option} cannot be read`, () => readFileSync(file));
}

function parsed<Value>(option: string, file: string, parse: () => Value): Value {
  return tried(`${file}, the file of ${option}, does not hold what it should as PEM`, parse);
}

function tried<Value>(what: string, attempt: () => Value): Value {
  try {
    return attempt();
  } catch (cause) {
    throw new Error(`${what}: ${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}
