/** The program of docs/data-service.md, as it is printed there, against a server that serves its store. */
import { expect, test } from 'bun:test';
import { join } from 'node:path';
import { TlsFiles } from '../support/certificate.ts';
import { setupPython } from '../support/setup-python.ts';
import { SnippetFolder, snippetsOf } from '../support/snippets.ts';
import { Town } from '../support/town.ts';

const python = await setupPython();
const PROTO = join(import.meta.dir, '../../proto');

async function run(
  args: readonly string[],
  more: Readonly<Record<string, string>>,
): Promise<{ code: number; lines: string[]; complaints: string }> {
  const env = { PATH: process.env.PATH ?? '', GUILDHALL_PROTO: PROTO, ...more };
  const child = Bun.spawn([python ?? '', ...args], { env, stdout: 'pipe', stderr: 'pipe', timeout: 40_000 });
  const [out, complaints] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, lines: out.trim().split('\n'), complaints };
}

test.skipIf(python === null).each([
  ['in the clear', false],
  ['over TLS', true],
])(
  'reads a channel and a stream of it, %s',
  async (_name, isSecure) => {
    await using folder = await SnippetFolder.write(snippetsOf('docs/data-service.md'));
    using files = new TlsFiles('127.0.0.1');
    const tls = isSecure ? { dataTlsCert: files.cert, dataTlsKey: files.key } : {};
    await using town = await Town.open({ config: { dataListen: '127.0.0.1:0', ...tls } });
    const anna = await town.person('anna');
    const place = await town.guild(anna);
    for (let n = 1; n <= 25; n += 1) await town.say(anna, place.channel, `message ${n}`);
    const program = join(folder.path, 'read-channel.py');
    const token = join(town.dataDir, 'data-token');
    const more = { GUILDHALL_DATA: town.dataAddress, ...(isSecure && { GUILDHALL_DATA_CA_FILE: files.cert }) };
    const { code, lines, complaints } = await run([program, token, place.channel], more);
    expect({ code, complaints: code === 0 ? '' : complaints }).toEqual({ code: 0, complaints: '' });
    expect(lines).toEqual([
      `newest ${anna.name}: message 23`,
      `newest ${anna.name}: message 24`,
      `newest ${anna.name}: message 25`,
      'page of 10, from message 1 to message 10',
      'page of 10, from message 11 to message 20',
      'page of 5, from message 21 to message 25',
    ]);
  },
  90_000,
);
