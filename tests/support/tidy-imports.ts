/** Who may import whom: the table of rooms, no cycles, no file that nobody reaches. */
import { type Finding, type Rule, type Source, source } from './tidy-source.ts';

/**
 * Room -> what its files may import of ours, besides their own room. An entry is a room (`base`), a file (`src/protocol/topics.ts`), `store ports`
 * (the top files of `store/` that are interfaces, never an adapter) or `top` (the files directly in `src/`).
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  actor: ['base', 'protocol'],
  host: ['guild', 'user', 'actor', 'store ports', 'protocol', 'base'],
  guild: ['protocol', 'base'],
  user: ['protocol', 'base'],
  gateway: ['protocol', 'base', 'actor'],
  rest: ['protocol', 'base', 'actor', 'store ports'],
  store: ['protocol', 'base'],
  'store/memory': ['store', 'protocol', 'base'],
  'store/sqlite': ['store', 'protocol', 'base'],
  'store/cql': ['store', 'protocol', 'base'],
  'store/grpc': ['store', 'protocol', 'base'],
  data: ['store', 'store/grpc', 'protocol', 'base'],
  cli: ['protocol', 'base', 'top'],
  voice: ['protocol', 'base', 'actor'],
  web: ['protocol'],
};

/** What a guild, a message or an event is, the runtime never learns: it carries commands, rows and envelopes. */
const NEVER: Readonly<Record<string, RegExp>> = {
  actor: /^src\/protocol\/(records|events|snapshots|permissions|intents|gen\/.*)\.ts$/,
};

const STORE_PORTS = /^src\/store\/(ports(\/.+)?|coalescer|guarded)\.ts$/;
const ADAPTER = /^src\/(store\/(?:memory|sqlite|cql|grpc))\//;

/** `src/guild/decide.ts` -> `guild`; `src/main.ts` -> `top`; an adapter of the store is a room of its own. */
function roomOf(path: string): string {
  const adapter = ADAPTER.exec(path)?.[1];
  return adapter ?? /^src\/([^/]+)\//.exec(path)?.[1] ?? 'top';
}

function allowed(from: string, target: string): boolean {
  const room = roomOf(from);
  const other = roomOf(target);
  if (room === 'top' || room === other) return true;
  if (NEVER[room]?.test(target)) return false;
  const entries = MAY_IMPORT[room] ?? [];
  return (
    entries.includes(other) || entries.includes(target) || (entries.includes('store ports') && STORE_PORTS.test(target))
  );
}

function checkRooms(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of sources) {
    if (!path.startsWith('src/')) continue;
    const room = roomOf(path);
    if (room !== 'top' && !(room in MAY_IMPORT)) {
      findings.push({ path, line: 1, why: `the room src/${room}/ is not in the import table` });
    }
    for (const { target, line } of imports) {
      if (target === null || allowed(path, target)) continue;
      const may = MAY_IMPORT[room]?.join(', ') || 'nothing of ours';
      findings.push({
        path,
        line,
        why: `imports ${target}, but ${room}/ may import only: ${may}${NEVER[room] ? ` (not ${NEVER[room].source})` : ''}`,
      });
    }
  }
  return findings;
}

/** A package or `node:` module that only some files may know. */
const KEPT_MODULES: readonly { readonly module: RegExp; readonly only: RegExp; readonly why: string }[] = [
  { module: /^node:sqlite$/, only: /^src\/store\/sqlite\//, why: 'only src/store/sqlite/ may import node:sqlite' },
  {
    module: /^cassandra-driver$/,
    only: /^src\/store\/cql\/(cluster|driver-policies|trouble)\.ts$/,
    why: 'only cluster.ts, driver-policies.ts and trouble.ts of src/store/cql/ may import the driver',
  },
  { module: /^bun(:.*)?$/, only: /\.bun\.ts$/, why: 'what only Bun has stays in a *.bun.ts file' },
  {
    module: /^(node:)?process$/,
    only: /^src\/(main|config)\.ts$/,
    why: 'what the process is belongs to main.ts and config.ts',
  },
  { module: /^pino$/, only: /^src\/base\/log\.ts$/, why: 'only src/base/log.ts may import pino' },
  { module: /^prom-client$/, only: /^src\/metrics\.ts$/, why: 'only src/metrics.ts may import prom-client' },
  { module: /^hono(\/.*)?$/, only: /^src\/(rest\/|[^/]+$)/, why: 'only src/rest/ may import hono' },
  {
    module: /^(@grpc\/grpc-js|protobufjs)/,
    only: /^src\/(data|store\/grpc|protocol\/gen)\//,
    why: 'only src/data/ and src/store/grpc/ may import it',
  },
  {
    module: /^discord-api-spec/,
    only: /^src\/(rest|protocol)\//,
    why: 'only src/rest/ and src/protocol/ may import it',
  },
];

function checkModules(sources: readonly Source[]): Finding[] {
  const findings: Finding[] = [];
  for (const { path, imports } of sources) {
    if (!path.startsWith('src/')) continue;
    for (const { specifier, line } of imports) {
      const kept = KEPT_MODULES.find(({ module, only }) => module.test(specifier) && !only.test(path));
      if (kept) findings.push({ path, line, why: `imports ${specifier}: ${kept.why}` });
    }
  }
  return findings;
}

function checkCycles(sources: readonly Source[]): Finding[] {
  const byPath = new Map(sources.map((file) => [file.path, file]));
  const done = new Set<string>();
  const findings: Finding[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const at = trail.indexOf(path);
    if (at !== -1) {
      findings.push({ path, line: 1, why: `circular import: ${[...trail.slice(at), path].join(' -> ')}` });
      return;
    }
    if (done.has(path)) return;
    const below = [...trail, path];
    for (const { target, spawned } of byPath.get(path)?.imports ?? []) {
      if (target !== null && !spawned) visit(target, below);
    }
    done.add(path);
  };
  for (const { path } of sources) visit(path, []);
  return findings;
}

const ROOTS = /^src\/(main|worker|store\/(sqlite|cql)\/[^/]+-thread)\.ts$/;

/** A `*.deno.ts` twin is alive when its `*.bun.ts` is; a test keeps nothing alive. */
function checkDead(sources: readonly Source[]): Finding[] {
  const files = new Map(sources.filter(({ path }) => path.startsWith('src/')).map((file) => [file.path, file]));
  const queue = [...files.keys()].filter((path) => ROOTS.test(path));
  const alive = new Set<string>();
  for (let path = queue.pop(); path !== undefined; path = queue.pop()) {
    if (alive.has(path)) continue;
    alive.add(path);
    queue.push(path.replace(/\.bun\.ts$/, '.deno.ts'));
    for (const { target } of files.get(path)?.imports ?? []) if (target !== null) queue.push(target);
  }
  const dead = [...files.keys()].filter((path) => !alive.has(path) && !path.endsWith('.d.ts'));
  return dead.map((path) => ({ path, line: 1, why: 'no entry point reaches this file through imports' }));
}

const rooms: Rule = {
  name: 'rooms import only what the table allows',
  check: checkRooms,
  planted: [
    [source('src/base/clock.ts', `import { x } from '../guild/state.ts';`)],
    [source('src/guild/decide.ts', `import type { Link } from '../actor/link.ts';`)],
    [source('src/rest/messages.ts', `const { open } = await import('../store/sqlite/open.ts');`)],
    [source('src/rest/messages.ts', `export { open } from '../store/memory/open.ts';`)],
    [source('src/store/ports.ts', `type T = import('./sqlite/open.ts').Store;`)],
    [source('src/store/memory/guilds.ts', `import { x } from '../sqlite/guilds.ts';`)],
    [source('src/gateway/session.ts', `import { config } from '../config.ts';`)],
    [source('src/actor/link.ts', `new Worker(new URL('../worker.ts', import.meta.url));`)],
    [source('src/actor/link.ts', `import { Guild } from '../protocol/records.ts';`)],
    [source('src/attic/old.ts', 'export const old = 1;')],
  ],
  innocent: [
    [source('src/main.ts', `import { open } from './store/sqlite/open.ts';`)],
    [source('src/rest/messages.ts', `import type { Messages } from '../store/ports.ts'; import { z } from 'zod';`)],
    [source('src/store/sqlite/open.ts', `import type { Store } from '../ports.ts';`)],
    [source('src/actor/link.ts', `import type { Envelope } from '../protocol/envelope.ts';`)],
    [source('src/host/guild-host.ts', `import { decide } from '../guild/decide.ts';`)],
  ],
};

const modules: Rule = {
  name: 'modules that have one home are imported only there',
  check: checkModules,
  planted: [
    [source('src/store/memory/open.ts', `import { DatabaseSync } from 'node:sqlite';`)],
    [source('src/base/clock.ts', `import { sleep } from 'bun';`)],
    [source('src/store/cql/messages.ts', `import { Client } from 'cassandra-driver';`)],
    [source('src/cli/serve.ts', `import { exit } from 'node:process';`)],
    [source('src/guild/state.ts', `import { Hono } from 'hono';`)],
  ],
  innocent: [[source('src/store/sqlite/open.ts', `import { DatabaseSync } from 'node:sqlite';`)]],
};

const cycles: Rule = {
  name: 'no file imports itself through others',
  check: checkCycles,
  planted: [
    [
      source('src/base/a.ts', `import { b } from './b.ts';`),
      source('src/base/b.ts', `import { c } from './c.ts';`),
      source('src/base/c.ts', `import type { A } from './a.ts';`),
    ],
  ],
  innocent: [
    [source('src/base/a.ts', `import { b } from './b.ts';`), source('src/base/b.ts', 'export const b = 1;')],
    [
      source('src/base/a.ts', `new Worker(new URL('./a-thread.ts', import.meta.url));`),
      source('src/base/a-thread.ts', `import type { A } from './a.ts';`),
    ],
  ],
};

const dead: Rule = {
  name: 'every file of src is reached from an entry point',
  check: checkDead,
  planted: [
    [
      source('src/main.ts', 'export const a = 1;'),
      source('src/base/b.ts', 'export const b = 1;'),
      source('tests/b.test.ts', `import { b } from '../src/base/b.ts';`),
    ],
  ],
  innocent: [
    [
      source('src/main.ts', `new Worker(new URL('./base/b.ts', import.meta.url)); await import('./base/c.ts');`),
      source('src/base/b.ts', 'export const b = 1;'),
      source('src/base/c.ts', 'export const c = 1;'),
      source('src/store/sqlite/writer-thread.ts', 'export const d = 1;'),
    ],
  ],
};

export const importRules: readonly Rule[] = [rooms, modules, cycles, dead];
