/** The data service over TLS: who trusts its certificate is served, and whoever should not be fooled is not. */
import { describe, expect, test } from 'bun:test';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { realClock } from '../../src/base/clock.ts';
import { readConfig } from '../../src/config.ts';
import { startData } from '../../src/data-node.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import { messageRecord, mint } from '../conformance/store-records.ts';
import { TlsFiles } from '../support/certificate.ts';
import { CLIENT_LIMITS } from '../support/data-limits.ts';
import { StoreFolder } from '../support/store-folder.ts';
import { Town } from '../support/town.ts';

const pageOf = (channelId: string) => ({ channelId, before: null, after: null, around: null, limit: 50 });

/** A service of its own; its certificate is for these hosts. */
async function serve(folder: StoreFolder, files: TlsFiles) {
  const tls = { 'data-tls-cert': files.cert, 'data-tls-key': files.key };
  const flags = { 'data-dir': folder.dir, 'data-listen': '127.0.0.1:0', ...tls };
  const running = await startData(readConfig(flags, {}));
  const token = readFileSync(running.tokenFile, 'utf8').trim();
  const connect = (host: string, ca: string | null) => {
    const address = running.address.replace('127.0.0.1', host);
    const authority = ca === null ? null : readFileSync(ca);
    return connectGrpc({ address, token, ca: authority, claim: 'us', clock: realClock, limits: CLIENT_LIMITS });
  };
  return { ...running, connect, [Symbol.asyncDispose]: running.stop };
}

describe('a data service with a certificate', () => {
  test.each(['localhost', '127.0.0.1'])('serves who trusts it and calls it %s', async (host) => {
    using folder = new StoreFolder();
    using files = new TlsFiles(host);
    await using running = await serve(folder, files);
    const store = await running.connect(host, files.cert);
    const [channel, id] = [mint(), mint()];
    const epoch = await store.fence('g:1');
    await store.commit({ owner: 'g:1', epoch, writes: [{ w: 'putMessage', message: messageRecord(channel, id) }] });
    expect((await store.page(pageOf(channel))).map(({ message }) => message.id)).toEqual([id]);
    await store.close();
  });

  test('is not believed under another name, by who trusts another, nor asked in the clear', async () => {
    using folder = new StoreFolder();
    using files = new TlsFiles('store.example', '127.0.0.2');
    using other = new TlsFiles('127.0.0.1');
    await using running = await serve(folder, files);
    const why = (host: string, ca: string | null): Promise<string> =>
      running.connect(host, ca).then(
        () => 'it answers',
        (error) => error.message,
      );
    const [address, name, stranger, clear] = await Promise.all([
      why('127.0.0.1', files.cert),
      why('localhost', files.cert),
      why('127.0.0.1', other.cert),
      why('127.0.0.1', null),
    ]);
    expect(address).toMatch(/is not trusted .*IP: 127\.0\.0\.1 is not in the cert.*--data-address$/);
    expect(name).toMatch(/is not trusted .*Host: localhost\. is not in the cert/);
    expect(stranger).toMatch(/is not trusted \([a-z -]+\): --data-ca-file must hold/);
    expect(clear).toMatch(/hangs up: if it is a data service with a certificate, give --data-ca-file$/);
  });

  test('is the store of a whole server', async () => {
    using folder = new StoreFolder();
    using files = new TlsFiles('127.0.0.1');
    await using running = await serve(folder, files);
    const { address, tokenFile } = running;
    const through = { store: 'data', dataAddress: address, dataTokenFile: tokenFile, dataCaFile: files.cert } as const;
    await using town = await Town.open({ config: through });
    const anna = await town.person('anna');
    const { channel } = await town.guild(anna);
    await town.say(anna, channel, 'sealed');
    const page = await town.rest<APIMessage[]>(anna.token, 'GET', `/channels/${channel}/messages`);
    expect(page.map(({ content }) => content)).toEqual(['sealed']);
  });
});

describe('files of TLS', () => {
  test('that are not what they should be are named before anything is opened', async () => {
    using folder = new StoreFolder();
    using files = new TlsFiles('127.0.0.1');
    using other = new TlsFiles('127.0.0.1');
    const start = (cert: string, key: string): Promise<string> => {
      const tls = { 'data-tls-cert': cert, 'data-tls-key': key };
      return startData(readConfig({ 'data-dir': folder.dir, 'data-listen': '127.0.0.1:0', ...tls }, {})).then(
        async ({ stop }) => {
          await stop();
          return 'it serves';
        },
        (error) => error.message,
      );
    };
    const rubbish = join(folder.dir, 'rubbish');
    writeFileSync(rubbish, 'no certificate');
    expect(await start(files.cert, other.key)).toBe(
      `The key in ${other.key} is not that of the certificate in ${files.cert}.`,
    );
    expect(await start(rubbish, files.key)).toStartWith(`${rubbish}, the file of --data-tls-cert, does not hold`);
    expect(await start(files.cert, rubbish)).toStartWith(`${rubbish}, the file of --data-tls-key, does not hold`);
    expect(await start(`${rubbish}.not`, files.key)).toStartWith('The file of --data-tls-cert cannot be read');
    expect(() => readConfig({ 'data-tls-cert': files.cert }, {})).toThrow('go together');
  });
});
