/** What Bun alone can do: one topic, every socket subscribed, one publish per POST. The measure beside which the server is held. */

interface Said {
  /** The frame that every POST publishes. */
  frame: string;
}

const said: Said = { frame: '' };
const READY = '{"t":"READY","s":1,"op":0,"d":{}}';

const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request, bun) {
    if (bun.upgrade(request)) return undefined;
    const body = await request.text();
    if (new URL(request.url).pathname === '/frame') said.frame = body;
    else server.publish('all', said.frame);
    return Response.json({});
  },
  websocket: {
    perMessageDeflate: false,
    open: (socket) => void socket.subscribe('all'),
    message: (socket) => void socket.send(READY),
  },
});

process.stdout.write(`${JSON.stringify({ event: 'listening', port: server.port })}\n`);
