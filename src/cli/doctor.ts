import { realClock } from '../base/clock.ts';
import { type Config, OPTION_NAMES } from '../config.ts';
import { examine, type Finding } from '../examine.ts';
import { type Command, CommandError } from './command.ts';
import { configOptions } from './options.ts';
import { readSeed } from './seed.ts';

export const doctor: Command = {
  words: 'doctor',
  usage: '',
  about:
    'Check what serve would need with the same options, and say what to mend. Ends with 1 if something must be mended.',
  options: configOptions(OPTION_NAMES),
  async run({ config, print }) {
    const findings = [...(await examine(config, realClock.now())), ...seedOf(config)];
    const bad = findings.filter(({ state }) => state === 'bad');
    print({ well: bad.length === 0, findings }, findings.flatMap(linesOf));
    if (bad.length > 0) throw new CommandError(`must be mended: ${bad.map(({ check }) => check).join(', ')}`);
  },
};

/** As `serve` would read it. */
function seedOf({ seed, store }: Config): Finding[] {
  if (seed === null) return [];
  const said = (state: Finding['state'], found: string, mend: string | null): Finding[] => [
    { check: 'seed', state, found, mend },
  ];
  if (store !== 'memory') return said('bad', `${seed} fills a store in memory only`, 'give --store memory');
  try {
    readSeed(seed);
    return said('good', `${seed} can be read`, null);
  } catch (error) {
    if (error instanceof CommandError) return said('bad', error.message, 'docs/seed.md says what such a file holds');
    throw error;
  }
}

const linesOf = ({ check, state, found, mend }: Finding): string[] => [
  `${state.padEnd(5)} ${check.padEnd(10)} ${found}`,
  ...(mend === null ? [] : [`${' '.repeat(17)}${state === 'poor' ? 'advice' : 'mend'}: ${mend}`]),
];
