/** A cluster that asks who one is, and that speaks TLS: who has the right password and the right authority comes in, anybody else is told why not. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterOptions } from '../../src/store/cql/cluster.ts';
import { Cassandra, clusterOptions, hasCassandra } from '../support/cassandra.ts';
import { TlsFiles } from '../support/certificate.ts';
import { CqlStore } from '../support/cql-store.ts';
import { ServerProcess } from '../support/server-process.ts';
import { StoreFolder } from '../support/store-folder.ts';

const LOGIN = { username: 'cassandra', password: 'cassandra' };
const WRONG = 'not-the-password';

/** In the clear and over TLS at the same port. */
const doorOf = (pem: string, cert: string) => ({
  credentials: LOGIN,
  yaml: `authenticator: PasswordAuthenticator
client_encryption_options:
  enabled: true
  optional: true
  ssl_context_factory: { class_name: org.apache.cassandra.security.PEMBasedSslContextFactory }
  keystore: ${pem}
  truststore: ${cert}
`,
});

describe.skipIf(!(await hasCassandra()))('a cluster with a door', () => {
  const dir = mkdtempSync(join(tmpdir(), 'guildhall-login-'));
  const own = new TlsFiles('127.0.0.1');
  const other = new TlsFiles('127.0.0.1');
  const elsewhere = new TlsFiles('127.0.0.9');
  let cluster: Cassandra;
  let options: ClusterOptions;
  const fileOf = (name: string, text: string): string => {
    const file = join(dir, name);
    writeFileSync(file, text);
    return file;
  };

  async function start(files: TlsFiles): Promise<void> {
    const pem = fileOf('node.pem', readFileSync(files.key, 'utf8') + readFileSync(files.cert, 'utf8'));
    cluster = await Cassandra.start(1, { isDurable: false, door: doorOf(pem, files.cert) });
    const passwordFile = fileOf('right', `${LOGIN.password}\n`);
    options = { ...(await clusterOptions(cluster)), username: LOGIN.username, passwordFile };
  }
  beforeAll(() => start(own), 240_000);
  afterAll(async () => {
    await cluster.stop();
    for (const files of [own, other, elsewhere]) files[Symbol.dispose]();
    rmSync(dir, { recursive: true });
  });

  const flags = (passwordFile: string, ...more: readonly string[]): readonly string[] => [
    ...['--store', 'cql', '--contact-points', options.contactPoints.join(','), '--keyspace', options.keyspace],
    ...['--replication', '1', '--cql-username', LOGIN.username, '--cql-password-file', passwordFile, ...more],
  ];
  const refusal = async (given: readonly string[]): Promise<string> => {
    using home = new StoreFolder();
    const started = ServerProcess.start(home.dir, given);
    return await started.then(
      (server) => server.stop().then(() => 'it started'),
      (error: unknown) => String(error),
    );
  };

  test('lets the right password in, over TLS too', async () => {
    for (const more of [[], ['--cql-ca-file', own.cert]]) {
      using home = new StoreFolder();
      await using server = await ServerProcess.start(home.dir, flags(fileOf('right', 'cassandra\n'), ...more));
      expect(server.port).toBeGreaterThan(0);
      await server.stop();
    }
  }, 120_000);

  test('refuses a wrong password in a sentence that does not have it', async () => {
    const said = await refusal(flags(fileOf('wrong', WRONG)));
    expect(said).toContain('lets nobody in with this --cql-username and password');
    expect(said).not.toContain(WRONG);
  }, 60_000);

  test('is not asked when the file of the password cannot be read: it is named', async () => {
    const none = join(dir, 'none');
    const said = await refusal(flags(none));
    expect(said).toContain('--cql-password-file');
    expect(said).toContain(none);
  }, 60_000);

  test('is not trusted when another authority vouches for it', async () => {
    const ca = readFileSync(other.cert, 'utf8');
    const said = await CqlStore.open({ ...options, ca }).then(
      (opened) => opened[Symbol.asyncDispose]().then(() => 'it opened'),
      (error: unknown) => String(error),
    );
    expect(said).toMatch(/certificate/i);
    expect(await refusal(flags(fileOf('right', 'cassandra'), '--cql-ca-file', other.cert))).toMatch(/certificate/i);
  }, 60_000);

  test('is not trusted when its certificate is that of another address', async () => {
    await cluster.stop();
    await start(elsewhere);
    const right = fileOf('right', 'cassandra');
    const said = await refusal(flags(right, '--cql-ca-file', elsewhere.cert));
    expect(said).toMatch(/127\.0\.0\.1/);
    expect(said).toMatch(/certificate|altnames/i);
  }, 240_000);

  test('is not asked when the file of the authority is none: it is named', async () => {
    const none = fileOf('no-pem', 'nothing');
    const said = await refusal(flags(fileOf('right', 'cassandra'), '--cql-ca-file', none));
    expect(said).toContain('--cql-ca-file');
    expect(said).toContain(none);
  }, 60_000);
});
