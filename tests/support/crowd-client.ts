/**
 * A crowd that comes back all at once, a process of its own. One argument, a CrowdPlan as JSON; prints `begun` when every socket has identified, and a
 * CrowdReport in one line when all are READY.
 */
export interface CrowdPlan {
  readonly port: number;
  readonly tokens: readonly string[];
  readonly sessions: number;
}

export interface CrowdReport {
  readonly ready: number;
  /** op 9 to an identify, and sockets that were refused or closed: each came again. */
  readonly sentAway: number;
  readonly cut: number;
}

const KEEP_MS = 20_000;

async function come({ port, tokens, sessions }: CrowdPlan): Promise<CrowdReport> {
  const counts = { ready: 0, sentAway: 0, cut: 0, asked: 0 };
  const { promise, resolve } = Promise.withResolvers<void>();
  const one = (n: number, isFirst: boolean): void => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/?v=10&encoding=json`);
    const identify = JSON.stringify({ op: 2, d: { token: tokens[n % tokens.length], properties: {} } });
    let isReady = false;
    socket.addEventListener('open', () => {
      socket.send(identify);
      if (!isFirst) return;
      counts.asked += 1;
      if (counts.asked === sessions) process.stdout.write('begun\n');
    });
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      if (text.startsWith('{"t":null,"s":null,"op":9')) {
        counts.sentAway += 1;
        socket.send(identify);
      } else if (!isReady && text.startsWith('{"t":"READY"')) {
        isReady = true;
        counts.ready += 1;
        setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('{"op":1,"d":null}'), KEEP_MS);
        if (counts.ready === sessions) resolve();
      }
    });
    socket.addEventListener('close', () => {
      if (isReady) return;
      counts.cut += 1;
      one(n, false);
    });
  };
  for (let n = 0; n < sessions; n += 1) one(n, true);
  await promise;
  return counts;
}

if (import.meta.main) {
  const report = await come(JSON.parse(process.argv[2] ?? '{}') as CrowdPlan);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  process.stdin.once('data', () => process.exit(0));
}
