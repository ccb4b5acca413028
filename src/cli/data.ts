import { storePlace } from '../store-place.ts';
import { type Command, CommandError } from './command.ts';
import { configOptions, STORE_OPTIONS } from './options.ts';
import { warnOfStrangers } from './strangers.ts';

export const data: Command = {
  words: 'data',
  usage: '',
  about:
    'Serve the store alone over gRPC, for a server and other programs, until it is told to stop (docs/data-service.md).',
  options: {
    ...STORE_OPTIONS,
    ...configOptions(['dataListen', 'dataTokenFile', 'dataTlsCert', 'dataTlsKey', 'logLevel']),
  },
  says: {
    store: 'whose data is served: sqlite or cql (docs/scylladb.md) (default: sqlite)',
    dataListen: 'address and port at which the store is served (default: 127.0.0.1:7077)',
  },
  async run({ config, powers, print }) {
    warnOfStrangers(config);
    try {
      await powers.serveData(config, async ({ address, tokenFile }) => {
        const { dataDir } = config;
        print({ address, tokenFile, dataDir }, [
          `The data service listens on ${address} (data in ${storePlace(config)}, token in ${tokenFile})`,
        ]);
      });
    } catch (error) {
      throw new CommandError(error instanceof Error ? error.message : String(error), { cause: error });
    }
  },
};
