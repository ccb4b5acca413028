/** The image's own question whether the server is well, asked of one that is and of one that is not; and what it starts. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const listOf = (pattern: RegExp): string[] => JSON.parse(pattern.exec(text)?.[1] ?? '[]') as string[];

async function asks([program, ...words]: readonly string[], dataDir: string): Promise<number> {
  expect(program).toBe('guildhall');
  const { exited } = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), ...words], {
    env: { GUILDHALL_DATA_DIR: dataDir },
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return exited;
}

test('the image is well while /health answers', async () => {
  const command = listOf(/^HEALTHCHECK .* CMD (\[.*\])$/m);
  let status = 200;
  const paths: string[] = [];
  const dataDir = mkdtempSync(join(tmpdir(), 'guildhall-image-'));
  const server = Bun.serve({
    unix: join(dataDir, 'guildhall.sock'),
    fetch: ({ url }) => {
      paths.push(new URL(url).pathname);
      return new Response('{}', { status });
    },
  });
  expect(await asks(command, dataDir)).toBe(0);
  expect(paths).toEqual(['/health']);
  status = 503;
  expect(await asks(command, dataDir)).toBe(1);
  await server.stop(true);
  expect(await asks(command, dataDir)).toBe(1);
  rmSync(dataDir, { recursive: true, force: true });
});

test('the image runs the binary, as nobody of the machine', () => {
  const last = text.slice(text.lastIndexOf('\nFROM '));
  expect([...listOf(/^ENTRYPOINT (\[.*\])$/m), ...listOf(/^CMD (\[.*\])$/m)]).toEqual(['guildhall', 'serve']);
  expect(/^USER (\S+)$/m.exec(last)?.[1]).toBe('10001:10001');
  expect(last).not.toMatch(/\b(node|bun|npm)\b/);
});
