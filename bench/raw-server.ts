/**
 * The least that one thread of Bun can do, beside which the server is held: `bun raw-server.ts FOLDER`. Every socket is subscribed to one topic and
 * gets READY for its first word. `POST /say` publishes the frame; `POST /post` parses what it got, stores it with a full sync, publishes and answers
 * with it; `GET /page` reads 50 messages and answers with their text.
 */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { parseOwn } from '../src/protocol/json.ts';

const PAGE = 50;

const db = new DatabaseSync(join(process.argv[2] ?? '.', 'raw.db'));
db.exec(`pragma journal_mode = wal; pragma synchronous = full;
  create table messages (id integer primary key, wire text not null) strict`);
const insert = db.prepare('insert into messages values (null, ?)');
const page = db.prepare(`select wire from messages where id < ? order by id desc limit ${PAGE}`);

/** What is published, and what a socket gets for its first word. */
const frames = { message: '', ready: '{"t":"READY","s":1,"op":0,"d":{}}' };

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request, bun) {
    if (bun.upgrade(request)) return undefined;
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/page') return json(pageBefore(Number(searchParams.get('before'))));
    const body = await request.text();
    if (pathname === '/frames') Object.assign(frames, parseOwn(body));
    else if (pathname === '/fill') fill(parseOwn<{ messages: number; wire: string }>(body));
    else if (pathname === '/post') return json(post(body));
    else server.publish('all', frames.message);
    return Response.json({});
  },
  websocket: {
    perMessageDeflate: false,
    open: (socket) => void socket.subscribe('all'),
    message: (socket) => void socket.send(frames.ready),
  },
});

const json = (text: string): Response => new Response(text, { headers: { 'Content-Type': 'application/json' } });

function post(body: string): string {
  const wire = JSON.stringify(parseOwn(body));
  insert.run(wire);
  server.publish('all', frames.message);
  return wire;
}

function fill({ messages, wire }: { messages: number; wire: string }): void {
  db.exec('begin');
  for (let n = 0; n < messages; n += 1) insert.run(wire);
  db.exec('commit');
}

function pageBefore(id: number): string {
  return `[${page
    .all(id)
    .map(({ wire }) => String(wire))
    .join()}]`;
}

process.stdout.write(`${JSON.stringify({ event: 'listening', port: server.port })}\n`);
