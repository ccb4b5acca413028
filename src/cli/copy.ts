import { type Call, type Command, CommandError, type CopyProgress, needed } from './command.ts';
import { configOptions } from './options.ts';

export const copy: Command = {
  words: 'copy',
  usage: '--from STORE --to STORE [--checkpoint guildhall-copy.json]',
  about:
    'Copy a stopped store (sqlite:DIRECTORY, cql:KEYSPACE, cql:HOST:PORT,…/KEYSPACE) into an empty one, and compare both. Killed, it goes on where it was.',
  options: {
    ...{ from: { type: 'string' }, to: { type: 'string' }, checkpoint: { type: 'string' } },
    ...configOptions([
      'contactPoints',
      'localDatacenter',
      'replication',
      'cqlUsername',
      'cqlPasswordFile',
      'cqlCaFile',
    ]),
  },
  async run({ config, flags, powers, print }) {
    const request = {
      from: needed(flags, 'from'),
      to: needed(flags, 'to'),
      checkpoint: typeof flags.checkpoint === 'string' ? flags.checkpoint : 'guildhall-copy.json',
    };
    const bar = flags.json === true || powers.stderr.isTTY !== true ? NO_BAR : new Bar(powers.stderr);
    const copied = await powers
      .copy(config, request, (progress) => bar.draw(progress))
      .catch((error: unknown) => {
        throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
      })
      .finally(() => bar.end());
    const wrong = copied.compared.filter(
      ({ rows: [here, there], onlySource, onlyTarget }) => here !== there || onlySource.length + onlyTarget.length > 0,
    );
    const lines = wrong.flatMap(({ table, rows: [here, there], onlySource, onlyTarget }) => [
      `${table}: ${here} rows here, ${there} there`,
      ...onlySource.map((text) => `  only in ${request.from}: ${text}`),
      ...onlyTarget.map((text) => `  only in ${request.to}: ${text}`),
    ]);
    print({ ...copied, same: wrong.length === 0 }, [
      `${copied.rows} rows copied${wrong.length === 0 ? '; compared: both stores are the same' : ''}`,
      ...lines,
    ]);
    if (wrong.length > 0) throw new CommandError(`the stores differ in: ${wrong.map(({ table }) => table).join(', ')}`);
  },
};

const WIDTH = 30;

/** For what reads standard error line by line. */
const NO_BAR = { draw: (_progress: CopyProgress) => {}, end: () => {} };

/** One line on standard error, drawn again; each part of the work has its own. */
class Bar {
  #what: string | null = null;

  constructor(readonly out: Call['powers']['stderr']) {}

  draw({ what, rows, of, rate }: CopyProgress): void {
    if (this.#what !== what) this.end();
    this.#what = what;
    const share = of === 0 ? 1 : Math.min(1, rows / of);
    const drawn = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    const left = Math.ceil(Math.max(0, of - rows) / Math.max(1, rate));
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, '0')}`;
    this.out.write(
      `\r${what} [${drawn}] ${Math.floor(share * 100)} % ${rows} rows, ${Math.round(rate)}/s, ${time} left `,
    );
  }

  /** What is written next begins a line. */
  end(): void {
    if (this.#what !== null) this.out.write('\n');
    this.#what = null;
  }
}
