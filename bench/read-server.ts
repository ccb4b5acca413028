/** `guildhall serve` with the workers of `read-worker.ts`. */
import { readConfig } from '../src/config.ts';
import { startServer } from '../src/supervise.ts';

const flags = Object.fromEntries(
  process.argv.slice(2).flatMap((word, at, all) => (word.startsWith('--') ? [[word.slice(2), all[at + 1]]] : [])),
);
const config = readConfig(flags, {});
const workerProgram = new URL('./read-worker.ts', import.meta.url);
const running = await startServer(config, { ownListeners: false, publicListener: true, workerProgram });
process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)));
console.log(JSON.stringify({ port: running.port }));
