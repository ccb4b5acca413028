/** How a client under test speaks with its test: lines of JSON. `say` tells what happened, `obey` does what is asked. */
import { createInterface } from 'node:readline';

export const base = process.env.GUILDHALL_URL;
export const token = process.env.GUILDHALL_TOKEN;

const line = (value) =>
  process.stdout.write(`${JSON.stringify(value, (_key, it) => (typeof it === 'bigint' ? String(it) : it))}\n`);

export const say = (event, fields = {}) => line({ event, ...fields });

/** `acts`: name -> function of the arguments; its result is the answer. */
export function obey(acts) {
  const all = { download, ...acts };
  createInterface({ input: process.stdin }).on('line', async (text) => {
    const { ask, act, args } = JSON.parse(text);
    try {
      if (all[act] === undefined) throw new Error(`this client cannot ${act}`);
      line({ reply: ask, value: (await all[act](args)) ?? null });
    } catch (error) {
      line({ reply: ask, error: `${error?.stack ?? error}` });
    }
  });
  say('started', { runtime: process.version, bun: process.versions.bun !== undefined });
}

async function download({ url }) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`GET ${url}: ${response.status}`);
  return Buffer.from(await response.arrayBuffer()).toString('base64');
}

process.on('unhandledRejection', (error) => say('failure', { error: `${error?.stack ?? error}` }));
