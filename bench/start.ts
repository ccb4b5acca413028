/**
 * `npx bun bench/start.ts`: how long `guildhall serve` takes from its call until it serves, and what processor time that costs: an empty server in memory,
 * one that starts filled (the example of docs/seed.md), and one on an embedded store that is there. Beside them, in turns, a Bun that serves one
 * answer. `BENCH_BINARY=FILE`: the executable that `npm run build` makes, instead of the source. JSON with `--json`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FROM_SOURCE, ServerProcess } from '../tests/support/server-process.ts';
import { SnippetFolder, snippetsOf } from '../tests/support/snippets.ts';
import { machine, median, rounded } from './crowd.ts';
import { cpuMsOf } from './process-cpu.ts';

const ROUNDS = 9;
const BINARY = process.env.BENCH_BINARY;
const PROGRAM = BINARY === undefined ? FROM_SOURCE : [BINARY];
const BARE = "const { port } = Bun.serve({ port: 0, fetch: () => new Response('') }); console.log(port);";

interface Started {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const dataDir = await mkdtemp(join(tmpdir(), 'guildhall-bench-'));
await using folder = await SnippetFolder.write(snippetsOf('docs/seed.md'));
const seed = join(folder.path, 'seed.json');

async function serve(name: string, flags: readonly string[]): Promise<Started> {
  const began = performance.now();
  await using server = await ServerProcess.start(join(dataDir, name), flags, PROGRAM);
  return { wallMs: performance.now() - began, cpuMs: cpuMsOf(server.pid) };
}

async function bare(): Promise<Started> {
  const began = performance.now();
  const child = Bun.spawn([process.execPath, '-e', BARE], { stdout: 'pipe' });
  try {
    await child.stdout.getReader().read();
    return { wallMs: performance.now() - began, cpuMs: cpuMsOf(child.pid) };
  } finally {
    child.kill();
    await child.exited;
  }
}

const targets: Readonly<Record<string, () => Promise<Started>>> = {
  'bare Bun.serve': bare,
  'in memory': () => serve('memory', ['--store', 'memory']),
  'in memory, filled': () => serve('filled', ['--store', 'memory', '--seed', seed]),
  embedded: () => serve('embedded', []),
};

try {
  const found = new Map<string, Started[]>();
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [name, start] of Object.entries(targets)) {
      const started = await start();
      // The first of each fills the machine's caches, and makes the store.
      if (round > 0) found.set(name, [...(found.get(name) ?? []), started]);
    }
  }
  const rows = [...found].map(([name, all]) => {
    const walls = all.map(({ wallMs }) => wallMs);
    const [wallMs, cpuMs] = [median(walls), median(all.map((each) => each.cpuMs))];
    return { name, wallMs: rounded(wallMs, 0), worstMs: rounded(Math.max(...walls), 0), cpuMs: rounded(cpuMs, 0) };
  });
  if (process.argv.includes('--json')) console.log(JSON.stringify({ machine, rounds: ROUNDS, rows }, null, 2));
  else {
    console.log(`${machine.cores} cores (${machine.cpu}), Bun ${machine.bun}; medians of ${ROUNDS} starts`);
    console.log('what | until it serves | worst | processor time');
    for (const { name, wallMs, worstMs, cpuMs } of rows)
      console.log(`${name} | ${wallMs} ms | ${worstMs} ms | ${cpuMs} ms`);
  }
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
