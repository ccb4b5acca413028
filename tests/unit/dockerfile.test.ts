/** The image's own question whether the server is well, asked of one that is and of one that is not; what it starts, and what it is built with. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };

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

test('the image is built with a Node.js that the package takes, and the README names the oldest of them', () => {
  const least = Number(/^>=(\d+)$/.exec(manifest.engines.node)?.[1]);
  expect(Number(/^FROM node:(\d+)-\S+ AS build$/m.exec(text)?.[1])).toBeGreaterThanOrEqual(least);
  expect(readFileSync(join(ROOT, 'README.md'), 'utf8')).toContain(`Node.js (${least} or newer)`);
});
