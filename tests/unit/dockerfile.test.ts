/** The image's own question whether the server is well, asked of one that is and of one that is not. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const text = readFileSync(join(import.meta.dir, '../../Dockerfile'), 'utf8').replaceAll('\\\n', ' ');
const command = JSON.parse(/^HEALTHCHECK .* CMD (\[.*\])$/m.exec(text)?.[1] ?? '[]') as string[];

async function asks(port: number): Promise<number> {
  const { exited } = Bun.spawn([process.execPath, ...command.slice(1)], {
    env: { GUILDHALL_PORT: String(port) },
    stdout: 'ignore',
    stderr: 'ignore',
  });
  return exited;
}

test('the image is well while /health answers', async () => {
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
  expect(command[0]).toBe('bun');
  expect(await asks(port)).toBe(0);
  expect(paths).toEqual(['/health']);
  status = 503;
  expect(await asks(port)).not.toBe(0);
  await server.stop(true);
  expect(await asks(port)).not.toBe(0);
});
