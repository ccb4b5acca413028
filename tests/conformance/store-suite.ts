/** One suite for every adapter of the store: each port method, each write, the fence, and paging against an array. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import type { Case, Opened } from './store-cases.ts';
import { fenceCases } from './store-fence.ts';
import { guildCases } from './store-guilds.ts';
import { journalCases } from './store-journal.ts';
import { messageCases } from './store-messages.ts';
import { pagingCases } from './store-paging.ts';
import { userCases } from './store-users.ts';

export interface SuiteOptions {
  readonly name: string;
  readonly open: () => Promise<Opened>;
  /** Cases that this adapter cannot be asked, each with its reason: not tests that are skipped. */
  readonly skip?: Readonly<Record<string, string>>;
}

/** A cluster that has much to do makes its tables in a minute. */
const OPEN_MS = 180_000;

export function runStoreSuite({ name, open, skip = {} }: SuiteOptions): void {
  const cases: readonly Case[] = [
    ...fenceCases,
    ...guildCases,
    ...journalCases,
    ...messageCases,
    ...pagingCases,
    ...userCases,
  ];
  describe(`store ${name}`, () => {
    let opened: Opened;
    beforeAll(async () => {
      opened = await open();
    }, OPEN_MS);
    afterAll(() => opened?.close());
    for (const { title, run } of cases) {
      if (skip[title] === undefined) test(title, () => run(opened));
    }
    test('every case that is left out exists', () => {
      const titles = cases.map(({ title }) => title);
      expect(titles).toEqual(expect.arrayContaining(Object.keys(skip)));
      expect(new Set(titles).size).toBe(titles.length);
    });
  });
}
