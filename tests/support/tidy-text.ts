/** What no committed file may contain, whatever its language. */
import type { Finding } from './tidy-source.ts';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface TextRule {
  readonly name: string;
  readonly pattern: RegExp;
  readonly planted: readonly string[];
  readonly innocent: readonly string[];
}

/** Written in pieces, so that this file does not find itself. */
const slashed = (...parts: string[]) => `/${parts.join('/')}/`;
const LEFT_OVER = ['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'];
const MACHINE_PATHS = [slashed('work'), slashed('root'), slashed('home'), slashed('tmp', 'brief')];

export const textRules: readonly TextRule[] = [
  {
    name: 'no file names a path of the machine it was written on',
    pattern: new RegExp(`(?<![\\w.}/-])(?:${MACHINE_PATHS.join('|')})`),
    planted: [
      `see ${slashed('work', 'a')}`,
      `"${slashed('root')}.bashrc"`,
      `path=${slashed('home', 'me')}x`,
      slashed('tmp', 'brief'),
    ],
    innocent: ['src/work/a', './root/a', '/usr/local/bin/', 'https://a.example/home/x'],
  },
  {
    name: 'nothing is left over for later',
    pattern: new RegExp(`\\b(?:${LEFT_OVER.join('|')})\\b`),
    planted: LEFT_OVER.map((word) => `// ${word}: later`),
    innocent: ['// to do it later', 'const todo = 1;'],
  },
];

const BINARY = /\.(png|jpe?g|gif|webp|ico|woff2?|zst|gz|br|bin|db)$/;

/** Lock files are made by tools and hold hashes, in which any word may appear. */
export function isText(path: string): boolean {
  return !BINARY.test(path) && !path.endsWith('-lock.json');
}

export function checkText(rule: TextRule, files: readonly TextFile[]): Finding[] {
  return files.flatMap(({ path, text }) => {
    if (!rule.pattern.test(text)) return [];
    return text.split('\n').flatMap((content, index) => {
      return rule.pattern.test(content) ? [{ path, line: index + 1, why: content.trim().slice(0, 120) }] : [];
    });
  });
}
