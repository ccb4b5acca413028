import { afterEach, beforeEach, describe, expect, test } from 'bun:test';
import { DatabaseSync } from 'node:sqlite';
import type { Write } from '../../../src/protocol/writes.ts';
import { Epochs } from '../../../src/store/sqlite/epochs.ts';
import { failureOf } from '../../../src/store/sqlite/failure.ts';
import { guildSql } from '../../../src/store/sqlite/guilds.ts';
import { journalSql } from '../../../src/store/sqlite/journal.ts';
import { messageSql } from '../../../src/store/sqlite/messages.ts';
import { openWriter } from '../../../src/store/sqlite/open.ts';
import { Reader } from '../../../src/store/sqlite/reader.ts';
import { MIGRATIONS, migrate } from '../../../src/store/sqlite/schema.ts';
import { encodeBatch, WRITE_SQL } from '../../../src/store/sqlite/statements.ts';
import { userSql } from '../../../src/store/sqlite/users.ts';
import { Wal } from '../../../src/store/sqlite/wal.ts';
import { Writer } from '../../../src/store/sqlite/writer.ts';
import { type Answers, Outbox } from '../../../src/store/thread/wire.ts';
import { messageRecord, mint, NOW } from '../../conformance/store-records.ts';
import { StoreFolder } from '../../support/store-folder.ts';

let folder: StoreFolder;
let db: DatabaseSync;
beforeEach(() => {
  folder = new StoreFolder();
  db = openWriter(`${folder.dir}/guildhall.db`);
  migrate(db);
});
afterEach(() => {
  db.close();
  folder[Symbol.dispose]();
});

/** A writer, what it has answered, and the state it was last in. */
function open() {
  const answers: (string | number)[] = [];
  const states: string[] = [];
  const outbox = new Outbox({ postMessage: (entries: Answers) => void answers.push(...entries) });
  const writer = new Writer(db, new Wal(db), (state) => void states.push(state));
  const say = (...requests: (string | number)[]): (string | number)[] => {
    writer.take(requests, outbox);
    writer.round();
    outbox.flush();
    return answers.splice(0);
  };
  const commit = (id: number, epoch: number, ...writes: Write[]): (string | number)[] => {
    const ops = encodeBatch('g:1', writes);
    return ['commit', id, 'g:1', epoch, ops.length, ...ops];
  };
  const fence = (): number => Number(say('fence', 1, 'g:1')[2]);
  return { writer, states, say, commit, fence };
}

const count = (table: string): number => Number(db.prepare(`select count(*) as n from ${table}`).get()?.n);
const put = (id = mint()): Write => ({ w: 'putMessage', message: messageRecord('1', id) });

describe('Writer', () => {
  test('a bad batch fails alone and whole; the others of its transaction are stored', () => {
    const { say, commit, fence, states } = open();
    const epoch = fence();
    const bad = { w: 'putLogin', login: 'x', userId: 'no id' } as const;
    const answers = say(...commit(1, epoch, put()), ...commit(2, epoch, put(), bad, put()), ...commit(3, epoch, put()));
    expect(answers.filter((_, at) => at % 3 !== 2)).toEqual([1, 'ok', 2, 'batch', 3, 'ok']);
    expect(count('messages')).toBe(2);
    expect(states).toEqual([]);
  });

  test('when the disk is full in mid-transaction all its batches fail, and nothing of them is there', () => {
    const { say, commit, fence, states, writer } = open();
    const epoch = fence();
    say(...commit(1, epoch, put()));
    const pages = Number(db.prepare('pragma page_count').get()?.page_count);
    db.exec(`pragma max_page_count = ${pages + 8}`);
    const many = Array.from({ length: 300 }, () => put());
    const answers = say(...commit(2, epoch, put()), ...commit(3, epoch, ...many), ...commit(4, epoch, put()));
    expect(answers.filter((_, at) => at % 3 !== 2)).toEqual([2, 'full', 3, 'full', 4, 'full']);
    expect([count('messages'), states, writer.state]).toEqual([1, ['full'], 'full']);
    // Refused without a try; an actor can still be taken over, and its older epoch is over.
    expect(say(...commit(5, epoch, put()))[1]).toBe('full');
    const next = fence();
    expect(next).toBeGreaterThan(epoch);
    writer.probe();
    expect(writer.state).toBe('full');
    db.exec(`pragma max_page_count = ${pages + 1000}`);
    writer.probe();
    expect(states).toEqual(['full', 'open']);
    expect(say(...commit(6, epoch, put()))[1]).toBe('fenced');
    expect(say(...commit(7, next, ...many))[1]).toBe('ok');
    expect(count('messages')).toBe(301);
  });

  test('a store whose epochs are used up and cannot be reserved refuses to give one', () => {
    const { say, fence, writer } = open();
    const first = fence();
    db.exec('pragma query_only = on');
    const fences = Array.from({ length: 2000 }, (_, n) => ['fence', n + 1, 'g:2']).flat();
    const answers = say(...fences);
    const given = answers.filter((_, at) => answers[at - (at % 3) + 1] === 'ok' && at % 3 === 2).map(Number);
    expect(given.length).toBeLessThan(1024);
    expect(new Set(given).size).toBe(given.length);
    expect(Math.min(...given)).toBeGreaterThan(first);
    expect(writer.state).toBe('broken');
    db.exec('pragma query_only = off');
    writer.probe();
    expect(fence()).toBeGreaterThan(Math.max(...given));
  });

  test('what is remembered for ten minutes is deleted along with the writes that follow', () => {
    const { say, commit, fence } = open();
    const epoch = fence();
    const remember = (n: number, at: number): Write[] => [
      { w: 'putResult', commandId: `c${n}`, result: '{}', at },
      { w: 'putNonce', channelId: '1', author: '2', nonce: `n${n}`, messageId: '3', at },
    ];
    for (let n = 0; n < 1000; n += 100) {
      say(...commit(1, epoch, ...Array.from({ length: 100 }, (_, k) => remember(n + k, NOW)).flat()));
    }
    expect([count('results'), count('nonces')]).toEqual([1000, 1000]);
    for (let n = 1000; n < 1600; n += 100) {
      say(...commit(1, epoch, ...Array.from({ length: 100 }, (_, k) => remember(n + k, NOW + 11 * 60_000)).flat()));
    }
    expect([count('results'), count('nonces')]).toEqual([600, 600]);
  });
});

describe('Epochs', () => {
  test('after a crash none is given again', () => {
    const before = new Epochs(db);
    before.reserve(1);
    const given = [before.next('g:1'), before.next('g:1')];
    const after = new Epochs(db);
    after.reserve(1);
    expect(after.next('g:1')).toBeGreaterThan(Math.max(...given));
    expect(after.isPresent('g:1', given[1]!)).toBe(false);
  });
});

test('no two subjects give a statement the same name', () => {
  const names = [messageSql, guildSql, userSql, journalSql].flatMap((sql) => Object.keys(sql));
  expect(new Set(names).size).toBe(names.length);
  expect(Object.keys(WRITE_SQL).sort()).toEqual(names.sort());
});

describe('failureOf', () => {
  test.each([
    [13, true, 'full'],
    [10 | (3 << 8), true, 'broken'],
    [7, false, 'broken'],
    [19 | (6 << 8), true, 'batch'],
    [20, true, 'batch'],
    [19, false, 'broken'],
    [11, true, 'broken'],
    [8, true, 'broken'],
  ] as const)('result code %p, transaction held %p: %p', (errcode, held, expected) => {
    expect(failureOf(Object.assign(new Error('sqlite'), { errcode }), held)).toBe(expected);
  });

  test('an error that is not of SQLite is one of the batch', () => {
    expect(failureOf(new TypeError('unbindable'), true)).toBe('batch');
  });
});

describe('migrate', () => {
  const version = (of: DatabaseSync): number => Number(of.prepare('pragma user_version').get()?.user_version);

  test('runs each step once, in order, and leaves what was stored', () => {
    const file = new DatabaseSync(':memory:');
    migrate(file, ['create table a (x)']);
    file.exec('insert into a values (1)');
    migrate(file, ['create table a (x)', 'alter table a add column y default 2', 'update a set y = y + 1']);
    migrate(file, ['create table a (x)', 'alter table a add column y default 2', 'update a set y = y + 1']);
    expect({ ...file.prepare('select x, y from a').get() }).toEqual({ x: 1, y: 3 });
    expect(version(file)).toBe(3);
    file.close();
  });

  test('a store of the first version keeps the results of commands, and a result that is stored again is one', () => {
    const file = new DatabaseSync(':memory:');
    migrate(file, MIGRATIONS.slice(0, 1));
    const put = (result: string): void => {
      const [, ...values] = encodeBatch('g:1', [{ w: 'putResult', commandId: 'c', result, at: NOW }]);
      file.prepare(journalSql.putResult).run(...values);
    };
    put('"before"');
    migrate(file);
    const result = () => new Reader(file).answer('result', JSON.stringify(['g:1', 'c', NOW]));
    expect(result()).toEqual(['ok', JSON.stringify('"before"')]);
    put('"again"');
    expect([result(), file.prepare('select count(*) as n from results').get()?.n]).toEqual([
      ['ok', JSON.stringify('"again"')],
      1,
    ]);
    file.close();
  });

  test('a step that fails leaves the version before it', () => {
    const file = new DatabaseSync(':memory:');
    expect(() => migrate(file, ['create table a (x)', 'create table b (x); nonsense'])).toThrow('nonsense');
    expect(file.isTransaction).toBe(false);
    expect(version(file)).toBe(1);
    expect(file.prepare("select name from sqlite_schema where name = 'b'").all()).toEqual([]);
    file.close();
  });

  test('a store of a newer program and a file of another program are refused', () => {
    const newer = new DatabaseSync(':memory:');
    migrate(newer, ['create table a (x)', 'create table b (x)']);
    expect(() => migrate(newer, ['create table a (x)'])).toThrow('Start a newer Guildhall');
    const foreign = new DatabaseSync(':memory:');
    foreign.exec('create table theirs (x)');
    expect(() => migrate(foreign)).toThrow('another program');
    newer.close();
    foreign.close();
  });
});
