import { log, setLogLevel } from '../base/log.ts';
import { type Config, strangersIn } from '../config.ts';

/** What is near to an option was refused before; the rest may be another program's. */
export function warnOfStrangers({ logLevel }: Config): void {
  setLogLevel(logLevel);
  for (const { name } of strangersIn()) log.warn('a variable is no option and is not looked at', { name });
}
