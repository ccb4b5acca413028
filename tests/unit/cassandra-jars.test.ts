/** Where Java or Maven is missing, the tests on Cassandra say so loudly, and its jars are fetched once: seen by a tiny test file in a process with tools of ours. */
import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const CASSANDRA = join(import.meta.dir, '../support/cassandra.ts');
const FILE = `import { describe, expect, test } from 'bun:test';
import { hasCassandra } from '${CASSANDRA}';
describe.skipIf(!(await hasCassandra()))('on Cassandra', () => {
  test('something', () => expect(1).toBe(1));
});`;
/** Maven, as far as it is asked for: a jar in the folder it is told, and a line for each time. $0 is where it lies. */
const MAVEN =
  'for word; do case $word in -DoutputDirectory=*) : >"${word#*=}/jamm-1.jar";; esac; done; echo >>"$0.log"';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'guildhall-jars-'));
  for (const name of ['bin', 'cache']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'tiny.test.ts'), FILE);
});
afterEach(() => rmSync(dir, { recursive: true }));

function install(name: string, script: string): void {
  writeFileSync(join(dir, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(dir, 'bin', name), 0o755);
}

async function run(env: Readonly<Record<string, string>> = {}): Promise<{ code: number; said: string }> {
  const child = Bun.spawn([process.execPath, 'test', './tiny.test.ts'], {
    cwd: dir,
    env: { PATH: join(dir, 'bin'), HOME: dir, XDG_CACHE_HOME: join(dir, 'cache'), ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const said = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  return { code: await child.exited, said: said.join('\n') };
}

/** Folders of jars, whole or begun. */
const kept = (): string[] => {
  const place = join(dir, 'cache', 'guildhall-tests');
  return existsSync(place) ? readdirSync(place) : [];
};

test.each([
  ['java and mvn', []],
  ['java', ['mvn']],
  ['mvn', ['java']],
] as const)('without %s its tests are skipped, which is said and counted', async (missing, there) => {
  for (const name of there) install(name, 'exit 1');
  const { code, said } = await run();
  expect(said).toContain(`*** the store on Cassandra is not tested: ${missing} missing ***`);
  expect(said).toMatch(/^ *0 pass\n *1 skip\n *0 fail$/m);
  expect(code).toBe(0);
});

test('in CI they fail', async () => {
  const { code, said } = await run({ CI: 'true' });
  expect(said).toContain('the store on Cassandra is not tested: java and mvn missing');
  expect(code).not.toBe(0);
});

describe('the jars', () => {
  beforeEach(() => install('java', 'exit 1'));

  test('are fetched once: the next run finds them', async () => {
    install('mvn', MAVEN);
    for (let n = 0; n < 2; n += 1) {
      const { code, said } = await run();
      expect(said).toMatch(/^ *1 pass$/m);
      expect(code).toBe(0);
    }
    expect(readFileSync(join(dir, 'bin', 'mvn.log'), 'utf8')).toBe('\n');
    expect(kept()).toEqual([expect.stringMatching(/^cassandra-[0-9a-f]{16}$/)]);
  });

  test('that could not be fetched are a failure, leave nothing behind, and are fetched the next time', async () => {
    install('mvn', `${MAVEN}; echo the network is down; exit 1`);
    const { code, said } = await run();
    expect(said).toContain('the jars of Cassandra were not fetched:\nthe network is down');
    expect(code).not.toBe(0);
    expect(kept()).toEqual([]);
    install('mvn', MAVEN);
    expect((await run()).code).toBe(0);
    expect(kept().length).toBe(1);
  });
});
