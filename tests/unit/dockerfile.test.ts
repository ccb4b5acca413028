/** The image's own question whether the server is well, asked of one that is and of one that is not; and what it starts. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dir, '../..');
const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const listOf = (pattern: RegExp): string[] => JSON.parse(pattern.exec(text)?.[1] ?? '[]') as string[];

async function asks([program, ...words]: readonly string[], port: number): Promise<number> {
  expect(program).toBe('guildhall');
  const { exited } = Bun.spawn([process.execPath, join(ROOT, 'src/main.ts'), ...words], {
    env: { GUILDHALL_PORT: String(port) },
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return exited;
}

test('the image is well while /health answers', async () => {
  const command = listOf(/^HEALTHCHECK .* CMD (\[.*\])$/m);
  let status = 200;
  const paths: string[] = [];
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => {
      paths.push(new URL(url).pathname);
      return new Response('{}', { status });
    },
  });
  const port = server.port ?? 0;
  expect(await asks(command, port)).toBe(0);
  expect(paths).toEqual(['/health']);
  status = 503;
  expect(await asks(command, port)).toBe(1);
  await server.stop(true);
  expect(await asks(command, port)).toBe(1);
});

test('the image runs the binary, as nobody of the machine', () => {
  const last = text.slice(text.lastIndexOf('\nFROM '));
  expect([...listOf(/^ENTRYPOINT (\[.*\])$/m), ...listOf(/^CMD (\[.*\])$/m)]).toEqual(['guildhall', 'serve']);
  expect(/^USER (\S+)$/m.exec(last)?.[1]).toBe('10001:10001');
  expect(last).not.toMatch(/\b(node|bun|npm)\b/);
});
