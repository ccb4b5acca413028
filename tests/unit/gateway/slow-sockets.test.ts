/** Sockets that buffer, and what is owed to them. */
import { describe, expect, test } from 'bun:test';
import { body, GUILD, OneGateway } from './one-gateway.ts';

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
