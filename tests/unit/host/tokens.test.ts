import { describe, expect, test } from 'bun:test';
import { seededRandom } from '../../../src/base/random.ts';
import { type TokenReads, Tokens, tokenHash } from '../../../src/host/tokens.ts';
import type { TokenRecord, UserRecord } from '../../../src/protocol/records.ts';
import { application, ME, OTHER, publicUser, userRecord } from '../user/fixtures.ts';

/** A store whose answers wait until they are let go, and that counts what it is asked. */
class SlowReads implements TokenReads {
  readonly tokens = new Map<string, TokenRecord>();
  readonly records = new Map<string, UserRecord>();
  reads = 0;
  #held: (() => void)[] | null = null;

  hold(): void {
    this.#held = [];
  }

  letGo(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const go of held) go();
  }

  async token(hash: string): Promise<TokenRecord | null> {
    this.reads += 1;
    const now = this.tokens.get(hash) ?? null;
    if (this.#held !== null) await new Promise<void>((resolve) => this.#held?.push(resolve));
    return now;
  }

  user = async (id: string) => this.records.get(id) ?? null;
  application = async (id: string) => application(id);
}

function door(capacity = 10) {
  const reads = new SlowReads();
  const tokens = new Tokens({ store: reads, random: seededRandom(1), clock: { now: () => 7 }, capacity });
  const login = (id: string, kind: 'bot' | 'person' = 'person') => {
    const { token: text, record } = tokens.make(id, kind);
    reads.tokens.set(record.hash, record);
    reads.records.set(id, userRecord(publicUser(id)));
    return { text, hash: record.hash };
  };
  return { reads, tokens, login };
}

describe('a token', () => {
  test('has three parts, the first of which is the user in base64', () => {
    const { tokens } = door();
    const { token: text, record } = tokens.make(ME, 'bot');
    const parts = text.split('.');
    expect(parts).toHaveLength(3);
    expect(parts.every((part) => part.length >= 6)).toBe(true);
    expect(atob(parts[0] ?? '')).toBe(ME);
    expect(record).toEqual({ hash: tokenHash(text), user: ME, kind: 'bot', createdAt: 7 });
    expect(tokens.make(ME, 'bot').token).not.toBe(text);
  });

  test('opens the door for its user, is read once and then remembered', async () => {
    const { reads, tokens, login } = door();
    const { text, hash } = login(ME);
    const bot = login(OTHER, 'bot');
    expect(tokens.recall(text)).toBeNull();
    expect(await tokens.authenticate(text)).toMatchObject({
      kind: 'person',
      tokenHash: hash,
      application: null,
      record: { user: { id: ME } },
    });
    await tokens.authenticate(text);
    expect(tokens.recall(text)?.record.user.id).toBe(ME);
    expect(reads.reads).toBe(1);
    expect(await tokens.authenticate(bot.text)).toMatchObject({ kind: 'bot', application: { id: OTHER } });
  });

  test('is looked up once by those who ask at the same time', async () => {
    const { reads, tokens, login } = door();
    const { text } = login(ME);
    reads.hold();
    const asked = [tokens.authenticate(text), tokens.authenticate(text), tokens.authenticate(text)];
    reads.letGo();
    expect((await Promise.all(asked)).every((account) => account?.record.user.id === ME)).toBe(true);
    expect(reads.reads).toBe(1);
  });

  const bad = ['', 'x', 'a.b.c', `${'1'.repeat(24)}.abcdef.${'x'.repeat(30)}`, `.${'x'.repeat(500)}.`, 'Bot x.y.z'];
  test.each(bad)('of the wrong form (%j) never reaches the store', async (text) => {
    const { reads, tokens } = door();
    expect(await tokens.authenticate(text)).toBeNull();
    expect(reads.reads).toBe(0);
  });

  test('that is unknown is asked for each time and not remembered', async () => {
    const { reads, tokens } = door();
    const { token: text, record } = tokens.make(ME, 'person');
    expect([await tokens.authenticate(text), await tokens.authenticate(text)]).toEqual([null, null]);
    expect(reads.reads).toBe(2);
    reads.tokens.set(record.hash, record);
    reads.records.set(ME, userRecord(publicUser(ME)));
    expect(await tokens.authenticate(text)).not.toBeNull();
  });

  test('is read again beyond the bound of what is remembered', async () => {
    const { reads, tokens, login } = door(1);
    const [one, two] = [login(ME), login(OTHER)];
    for (const { text } of [one, two, one]) expect(await tokens.authenticate(text)).not.toBeNull();
    expect(reads.reads).toBe(3);
  });
});

describe('a revocation', () => {
  test('closes the door for what was remembered', async () => {
    const { reads, tokens, login } = door();
    const { text, hash } = login(ME);
    await tokens.authenticate(text);
    reads.tokens.delete(hash);
    tokens.forget([hash]);
    expect(tokens.recall(text)).toBeNull();
    expect(await tokens.authenticate(text)).toBeNull();
  });

  test('is not undone by a lookup that began before it', async () => {
    const { reads, tokens, login } = door();
    const { text, hash } = login(ME);
    reads.hold();
    const early = tokens.authenticate(text);
    reads.tokens.delete(hash);
    tokens.forget([hash]);
    reads.letGo();
    expect(await early).toBeNull();
    expect(await tokens.authenticate(text)).toBeNull();
  });

  test('leaves the lookups of others alone', async () => {
    const { reads, tokens, login } = door();
    const { text } = login(ME);
    reads.hold();
    const asked = tokens.authenticate(text);
    tokens.forget(['another']);
    reads.letGo();
    expect(await asked).not.toBeNull();
    await tokens.authenticate(text);
    expect(reads.reads).toBe(1);
  });
});

test('a user who changes is read again, also by a lookup in hand', async () => {
  const { reads, tokens, login } = door();
  const [one, two] = [login(ME), login(ME)];
  await tokens.authenticate(one.text);
  reads.hold();
  const asked = tokens.authenticate(two.text);
  reads.records.set(ME, { ...userRecord(publicUser(ME)), version: 2 });
  tokens.forgetUser(ME);
  reads.letGo();
  expect((await asked)?.record.version).toBe(2);
  expect((await tokens.authenticate(one.text))?.record.version).toBe(2);
});

test('a store that cannot say rejects everybody who waits and is asked again by the next', async () => {
  const { reads, tokens, login } = door();
  const { text } = login(ME);
  const { token } = reads;
  reads.token = () => Promise.reject(new Error('broken'));
  await expect(tokens.authenticate(text)).rejects.toThrow('broken');
  reads.token = token;
  expect(await tokens.authenticate(text)).not.toBeNull();
});
