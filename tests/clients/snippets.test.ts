/** Every program of docs/clients.md, as it is printed there, against a server with two workers. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import type { APIMessage } from 'discord-api-types/v10';
import { LineClient } from '../support/line-client.ts';
import { setupPython } from '../support/setup-python.ts';
import { SnippetFolder, snippetsOf } from '../support/snippets.ts';
import { Town } from '../support/town.ts';

const snippets = snippetsOf('docs/clients.md');
const python = await setupPython();

test('the page has a program for each library', () => {
  expect([...snippets.keys()]).toEqual([
    'discordjs.mjs',
    'discordjs-core.mjs',
    'eris.mjs',
    'oceanic.mjs',
    'discordeno.mjs',
    'discord-py.py',
  ]);
});

describe('docs/clients.md', () => {
  let town: Town;
  let folder: SnippetFolder;

  beforeAll(async () => {
    folder = await SnippetFolder.write(snippets);
    town = await Town.open({ workers: 2 });
  });
  afterAll(async () => {
    await town?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  for (const file of snippets.keys()) {
    const program = file.endsWith('.py') ? python : 'node';
    test.skipIf(program === null)(`${file} answers !ping with pong`, async () => {
      const owner = await town.person('reader');
      const place = await town.guild(owner, file);
      const bot = await town.bot(file.replace(/\W/g, '-'), place.id);
      await using witness = await town.visit(owner);
      const env = { GUILDHALL_URL: town.url, GUILDHALL_TOKEN: bot.token };
      await using client = LineClient.start(program ?? '', [join(folder.path, file)], env);
      await client.until('line', ({ text }) => text === 'ready in 1 guild(s)', { ms: 20_000 });
      await town.say(owner, place.channel, '!ping');
      const answer = await witness.dispatch<APIMessage>('MESSAGE_CREATE', { content: 'pong' });
      expect(answer).toMatchObject({ author: { id: bot.id }, channel_id: place.channel });
    });
  }
});
