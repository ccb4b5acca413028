/**
 * A front process of a data server: `bun data-reader.ts PORT TOKEN CHANNEL COUNT`. It prints `ready`; at a line on its input it asks for the same page
 * COUNT times at once and prints how many different answers came, and the ids of one.
 */
import { createInterface } from 'node:readline';
import { realClock } from '../../src/base/clock.ts';
import { connectGrpc } from '../../src/store/grpc/client.ts';
import { CLIENT_LIMITS } from './data-limits.ts';

const [, , port = '', token = '', channelId = '', count = ''] = process.argv;
const store = await connectGrpc({
  ...{ address: `127.0.0.1:${port}`, token, claim: '', clock: realClock, limits: CLIENT_LIMITS },
});
console.log('ready');
for await (const _line of createInterface({ input: process.stdin })) {
  const query = { channelId, before: null, after: null, around: null, limit: 50 };
  const pages = await Promise.all(Array.from({ length: Number(count) }, () => store.page(query)));
  const different = new Set(pages.map((page) => JSON.stringify(page))).size;
  console.log(JSON.stringify({ different, ids: pages[0]?.map(({ message }) => message.id) }));
}
await store.close();
