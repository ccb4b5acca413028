/** Powers that one file has and the others are handed: time, randomness, the environment, the process, the socket server. */
import { type Finding, nameOf, type Rule, type Source, type SyntaxNode, source } from './tidy-source.ts';

interface Power {
  readonly name: string;
  /** Files of src that may have it. */
  readonly only: RegExp;
  readonly uses: (node: SyntaxNode) => boolean;
  readonly why: string;
  readonly planted: readonly string[];
  readonly innocent: readonly string[];
}

const named = (pattern: RegExp) => (node: SyntaxNode) => node.type === 'MemberExpression' && pattern.test(nameOf(node));
const identifier = (pattern: RegExp) => (node: SyntaxNode) =>
  node.type === 'Identifier' && pattern.test(String(node.name));
const called = (pattern: RegExp) => (node: SyntaxNode) =>
  node.type === 'CallExpression' && pattern.test(nameOf(node.callee));
const bareDate = (node: SyntaxNode) =>
  (node.type === 'NewExpression' && nameOf(node.callee) === 'Date' && (node.arguments as unknown[]).length === 0) ||
  (node.type === 'CallExpression' && nameOf(node.callee) === 'Date');

const wallClock = named(/^(Date\.now|performance\.now|process\.(hrtime|uptime)|Bun\.nanoseconds)$/);

const POWERS: readonly Power[] = [
  {
    name: 'only base/clock.ts reads the time',
    only: /^src\/base\/clock\.ts$/,
    uses: (node) => wallClock(node) || bareDate(node),
    why: 'reads the time: take `now` or a clock as an argument (base/clock.ts)',
    planted: ['const t = Date.now();', 'f(Date.now);', 'performance.now();', 'new Date();', 'process.hrtime.bigint();'],
    innocent: ['// Date.now()', 'const s = "Date.now()";', 'new Date(now);', 'clock.now();', 'let d: Date;'],
  },
  {
    name: 'only base/random.ts draws random numbers',
    only: /^src\/base\/random\.ts$/,
    uses: (node) =>
      named(/^Math\.random$/)(node) ||
      identifier(/^(getRandomValues|randomBytes|randomUUID|randomInt|randomFill)$/)(node),
    why: 'draws a random number: take a source of randomness as an argument (base/random.ts)',
    planted: [
      'Math.random();',
      'crypto.getRandomValues(a);',
      `import { randomBytes } from 'node:crypto';`,
      'crypto.randomUUID();',
    ],
    innocent: ['random.below(6);', '// Math.random()'],
  },
  {
    name: 'only config.ts reads the environment',
    only: /^src\/config\.ts$/,
    uses: named(/^(process|Bun|import\.meta)\.env$/),
    why: 'reads the environment: take what you need from the config as an argument',
    planted: [
      'process.env.PORT;',
      `process.env['PORT'];`,
      'const { PORT } = process.env;',
      'Bun.env.PORT;',
      'globalThis.process.env.PORT;',
    ],
    innocent: ['config.env;', 'process.argv;'],
  },
  {
    name: 'only main.ts ends the process',
    only: /^src\/main\.ts$/,
    uses: named(/^process\.(exit|abort|kill|reallyExit)$/),
    why: 'ends the process: throw, or return a code to main.ts',
    planted: ['process.exit(1);', 'const quit = process.exit;'],
    innocent: ['process.exitCode = 1;', 'worker.exit();'],
  },
  {
    name: 'only gateway/server.bun.ts and its twin serve the port',
    only: /^src\/gateway\/server\.(bun|deno)\.ts$/,
    uses: named(/^(Bun|Deno)\.(serve|listen)$/),
    why: 'opens a port: only gateway/server.bun.ts and its twin do',
    planted: ['Bun.serve({ fetch });', 'const open = Bun.serve;', 'Deno.serve(answer);'],
    innocent: ['server.serve();', '// Bun.serve'],
  },
  {
    name: 'what only Bun has stays in *.bun.ts files',
    only: /\.bun\.ts$/,
    uses: (node) => node.type === 'MemberExpression' && nameOf(node.object) === 'Bun',
    why: 'uses Bun: move it into a *.bun.ts file, or use the web or node: API',
    planted: ['Bun.file("a");', 'const { length } = Bun.argv;'],
    innocent: ['run.Bun;', '// Bun.file'],
  },
  {
    name: 'what only Deno has stays in *.deno.ts files',
    only: /\.deno\.ts$/,
    uses: (node) => identifier(/^Deno$/)(node) || named(/^globalThis\.Deno$/)(node),
    why: 'uses Deno: move it into a *.deno.ts file, the twin of a *.bun.ts file, or use the web or node: API',
    planted: ['Deno.cwd();', 'const { args } = Deno;', 'typeof Deno;', 'globalThis.Deno.args;'],
    innocent: ['// Deno.cwd()', 'const s = "Deno";', 'denoise();'],
  },
  {
    name: 'only the outlet publishes to sockets',
    only: /^src\/gateway\/(outlet|server\.bun)\.ts$/,
    uses: called(/(^|\.)#?(server|ws|socket|app)\.publish(Text|Binary)?$/i),
    why: 'publishes to sockets: only gateway/outlet.ts and gateway/server.bun.ts do',
    planted: ['server.publish(topic, frame);', 'this.#server.publish(topic, frame);', 'ws.publishText(a, b);'],
    innocent: ['relay.publish(entry);', '// server.publish(a)'],
  },
  {
    name: 'client input is parsed by protocol/json.ts',
    only: /^src\/(protocol\/json\.ts$|store\/(memory|sqlite|cql)\/)/,
    uses: named(/^JSON\.parse$/),
    why: 'calls JSON.parse, which loses the digits of snowflakes sent as numbers: use parseJson of protocol/json.ts',
    planted: ['JSON.parse(text);', 'rows.map(JSON.parse);'],
    innocent: ['parseJson(text);', 'JSON.stringify(a);'],
  },
  {
    name: 'only cli/ and base/log.ts print',
    only: /^src\/(cli\/|base\/log\.ts$)/,
    uses: named(/^console\.\w+$/),
    why: 'prints: write to the log',
    planted: ['console.log(a);', 'console.error(a);'],
    innocent: ['log.info(a);', '// console.log(a)'],
  },
  {
    name: 'nothing in src is any',
    only: /^$/,
    uses: (node) => node.type === 'TSAnyKeyword',
    why: 'has the type any: say what it is, or unknown',
    planted: ['let a: any;', 'f(b as any);', 'type A = Map<string, any>;'],
    innocent: ['let any = 1;', '// : any', 'const s = ": any";'],
  },
];

function powerRule(power: Power): Rule {
  const elsewhere = (text: string) => [source('src/actor/mailbox.ts', text)];
  return {
    name: power.name,
    check: (sources) =>
      sources.flatMap(({ path, visits, lineAt }) => {
        if (!path.startsWith('src/') || power.only.test(path)) return [];
        const uses = visits.filter(({ node }) => power.uses(node));
        return uses.map(({ node }) => ({ path, line: lineAt(node.start), why: power.why }));
      }),
    planted: power.planted.map(elsewhere),
    innocent: power.innocent.map(elsewhere),
  };
}

const SILENCED = /@ts-(ignore|nocheck)/;

const silenced: Rule = {
  name: 'the type checker is not silenced',
  check: (sources: readonly Source[]): Finding[] =>
    sources.flatMap(({ path, comments }) =>
      comments.flatMap(({ value, line }) =>
        SILENCED.test(value) ? [{ path, line, why: 'silences the type checker' }] : [],
      ),
    ),
  planted: [[source('src/a.ts', '// @ts-ignore\na();')], [source('tests/a.test.ts', '/* @ts-nocheck */\na();')]],
  innocent: [[source('src/a.ts', `const why = '@ts-ignore';`)]],
};

export const codeRules: readonly Rule[] = [...POWERS.map(powerRule), silenced];
