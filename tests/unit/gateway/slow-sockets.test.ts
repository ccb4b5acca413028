/** Sockets that buffer, and what is owed to them. */
import { describe, expect, test } from 'bun:test';
import { body, GUILD, OneGateway, USER } from './one-gateway.ts';

const WRITABLE = 4000;
const NARROW = { writableBytes: WRITABLE, flushBytes: WRITABLE, backpressureBytes: 4 * WRITABLE };
const say = (one: OneGateway, t: string) => one.relay(GUILD, { kind: 'event', topic: GUILD, body: body(t) });

describe('a socket that buffers more than a quarter of what cuts it', () => {
  test('is subscribed to nothing before it has drained, and misses nothing meanwhile', async () => {
    const one = new OneGateway(NARROW);
    const visit = await one.identify([GUILD]);
    const { connection, session, socket } = visit;
    socket.pending = WRITABLE - 10;
    const write = socket.send.bind(socket);
    socket.send = (text) => {
      socket.pending += text.length;
      return write(text);
    };
    await one.answer(GUILD, session, { create: body('GUILD_CREATE', { id: GUILD.slice(2) }) });
    expect([socket.heard, [...socket.topics]]).toEqual([['READY'], []]);
    await say(one, 'ONE');
    expect(socket.heard).toEqual(['READY']);
    socket.pending = 0;
    one.gateway.drained(connection);
    expect(socket.heard).toEqual(['READY', 'ONE']);
    expect(socket.topics.size).toBe(2);
    await say(one, 'TWO');
    expect(socket.heard).toEqual(['READY', 'ONE', 'TWO']);
  });

  test('is subscribed to nothing by a resume either', async () => {
    const one = new OneGateway(NARROW);
    const first = await one.atHome();
    await say(one, 'ONE');
    const again = one.connect();
    again.socket.pending = WRITABLE + 1;
    const d = { token: 'person.1000000000000000002', session_id: first.session, seq: first.socket.frames.at(-2)?.s };
    await one.say(again, 6, d);
    await say(one, 'TWO');
    expect([again.socket.heard, [...again.socket.topics]]).toEqual([[], []]);
    again.socket.pending = 0;
    one.gateway.drained(again.connection);
    expect(again.socket.heard).toEqual(['ONE', 'RESUMED', 'TWO']);
    expect(again.socket.topics.size).toBe(2);
  });

  test('gets its op 11 when it has drained, before anything else', async () => {
    const one = new OneGateway(NARROW);
    const visit = await one.atHome();
    visit.socket.pending = WRITABLE + 1;
    await one.say(visit, 1, null);
    expect(visit.socket.ops).not.toContain(11);
    visit.socket.pending = 0;
    one.gateway.drained(visit.connection);
    expect(visit.socket.ops.at(-1)).toBe(11);
  });
});

describe('a live session whose socket does not keep up', () => {
  test('is taken from its topics and goes on where it was when it drains; others stay live', async () => {
    const one = new OneGateway({ pacedBytes: 100, sweepMs: 500 });
    const [slow, quick] = [await one.atHome(), await one.atHome()];
    await say(one, 'ONE');
    slow.socket.pending = 101;
    await one.clock.advance(600);
    expect([slow.socket.topics.size, quick.socket.topics.size]).toEqual([0, 2]);
    expect(one.gateway.measure()).toMatchObject({ paced: 1, live: 1 });
    await say(one, 'TWO');
    expect([slow.socket.heard, quick.socket.heard]).toEqual([
      ['READY', 'ONE'],
      ['READY', 'ONE', 'TWO'],
    ]);
    slow.socket.pending = 0;
    one.gateway.drained(slow.connection);
    await say(one, 'THREE');
    expect(slow.socket.heard).toEqual(['READY', 'ONE', 'TWO', 'THREE']);
    expect(slow.socket.frames.map(({ s }) => s)).toEqual([...new Set(slow.socket.frames.map(({ s }) => s))]);
    expect(one.gateway.measure().live).toBe(2);
  });

  test('gets op 9 when the log has lost what it is owed before it drains', async () => {
    const one = new OneGateway({ pacedBytes: 100, sweepMs: 500, logEntries: 5 });
    const slow = await one.atHome();
    slow.socket.pending = 101;
    await one.clock.advance(600);
    for (let n = 0; n < 10; n += 1) await say(one, `EVENT${n}`);
    slow.socket.pending = 0;
    one.gateway.drained(slow.connection);
    expect([slow.socket.heard, slow.socket.ops.at(-1)]).toEqual([['READY'], 9]);
  });
});

describe('a live bot that is owed more in one step than its socket has room for', () => {
  test('gets it at its next resume when the socket breaks before it has drained', async () => {
    const one = new OneGateway(NARROW);
    const token = `bot.${USER}`;
    const first = one.connect();
    await one.say(first, 2, { token, intents: 1, properties: {} });
    const session = first.connection.session ?? '';
    await one.greet(session, [GUILD]);
    await one.answer(GUILD, session, { create: body('GUILD_CREATE', { id: GUILD.slice(2) }) });
    await say(one, 'ONE');
    first.socket.pending = WRITABLE + 1;
    await say(one, 'TWO');
    expect(first.socket.heard).toEqual(['READY', 'GUILD_CREATE', 'ONE']);
    one.gateway.closed(first.connection, 1006);
    const again = one.connect();
    await one.say(again, 6, { token, session_id: session, seq: 3 });
    await say(one, 'THREE');
    expect(again.socket.heard).toEqual(['TWO', 'RESUMED', 'THREE']);
  });
});

describe('text of many bytes a character', () => {
  const EUROS = '€'.repeat(1000);
  const speak = (one: OneGateway, t: string) =>
    one.relay(GUILD, { kind: 'event', topic: GUILD, body: body(t, { said: EUROS }) });

  test('is replayed by what it takes on the wire: a socket is never sent more than cuts it', async () => {
    const one = new OneGateway(NARROW);
    const first = await one.atHome();
    const seq = first.socket.frames.at(-1)?.s;
    for (let n = 0; n < 8; n += 1) await speak(one, `EVENT${n}`);
    const again = one.connect();
    const write = again.socket.send.bind(again.socket);
    let most = 0;
    again.socket.send = (text) => {
      most = Math.max(most, again.socket.pending);
      again.socket.pending += Buffer.byteLength(text);
      return write(text);
    };
    await one.say(again, 6, { token: 'person.1000000000000000002', session_id: first.session, seq });
    // What it asks meanwhile is answered before the rest of the replay.
    const sofar = again.socket.ops.length;
    await one.say(again, 1, null);
    expect(again.socket.ops.length).toBe(sofar);
    again.socket.pending = 0;
    one.gateway.drained(again.connection);
    expect(again.socket.ops[sofar]).toBe(11);
    for (let n = 0; n < 12; n += 1) {
      again.socket.pending = 0;
      one.gateway.drained(again.connection);
    }
    expect(again.socket.heard).toEqual([...Array.from({ length: 8 }, (_, n) => `EVENT${n}`), 'RESUMED']);
    // Before its last frame it buffered less than one write may hold.
    expect(most).toBeLessThanOrEqual(WRITABLE);
  });

  test('is counted in the log as memory holds it', async () => {
    const logBytes = 20_000;
    const one = new OneGateway({ logBytes, logOwnerBytes: logBytes });
    await one.atHome();
    for (let n = 0; n < 40; n += 1) await speak(one, `EVENT${n}`);
    const { logEntries } = one.gateway.measure();
    expect(logEntries * 2 * EUROS.length).toBeLessThanOrEqual(logBytes);
    expect(logEntries).toBeGreaterThan(5);
  });
});

describe('the shared counter near its end', () => {
  test('sends its sessions away with op 7, a slow one when it has drained, and counts from 1 for who identifies', async () => {
    const one = new OneGateway({ ...NARROW, logPosition: 12, identifyMs: 5000, sweepMs: 500 });
    const quick = await one.atHome();
    const slow = await one.atHome();
    await one.clock.advance(6000);
    slow.socket.pending = WRITABLE + 1;
    for (let n = 0; n < 12; n += 1) await say(one, `EVENT${n}`);
    expect(quick.socket.ops.at(-1)).toBe(7);
    expect(slow.socket.ops).not.toContain(7);
    slow.socket.pending = 0;
    one.gateway.drained(slow.connection);
    expect(slow.socket.ops.at(-1)).toBe(7);
    // They have the time of any socket to say something.
    await one.clock.advance(1000);
    expect([quick.socket.code, slow.socket.code]).toEqual([null, null]);
    await one.say(quick, 6, { token: 'person.1000000000000000002', session_id: quick.session, seq: 3 });
    expect(quick.socket.ops.at(-1)).toBe(9);
    await one.identify([], quick);
    expect(quick.socket.frames.at(-1)).toMatchObject({ t: 'READY', s: 1 });
  });
});
