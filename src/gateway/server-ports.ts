/** What a server of one runtime is given and gives, and what it must decide of a request that wants a WebSocket. */
import type { CloseName } from '../protocol/closes.ts';
import { gatewayUrl } from './address.ts';
import type { GatewayLimits } from './limits.ts';
import type { SocketInfo } from './socket.ts';

export interface RequestInfo {
  /** Address of the client. */
  readonly ip: string;
}

export interface ServerOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly hostname: string;
  /** Several workers share the port. */
  readonly reusePort: boolean;
  readonly publicUrl: string | null;
  /** The address of the client. `peer`: that of who holds the connection. */
  readonly clientOf: (peer: string, headers: Headers) => string;
  readonly fetch: (request: Request, info: RequestInfo) => Response | Promise<Response>;
  readonly limits: GatewayLimits;
  /** Largest body of a request, bytes. */
  readonly maxRequestBytes: number;
  /** Seconds of silence after which an HTTP connection is closed. */
  readonly idleSeconds: number;
}

export interface Listener {
  readonly port: number;
  /** Closes the port; `force`: open sockets too. */
  stop(force: boolean): Promise<void>;
}

/** Of a request for a WebSocket. `refusal`: the code that it is closed with as soon as it is open. */
export interface Upgrade {
  readonly info: SocketInfo;
  readonly refusal: CloseName | null;
}

export const wantsSocket = ({ headers }: Request): boolean => headers.get('upgrade')?.toLowerCase() === 'websocket';

/** Null: its Host is no host. */
export function upgradeOf(request: Request, ip: string, publicUrl: string | null): Upgrade | null {
  const asked = URL.parse(request.url);
  if (asked === null) return null;
  const version = asked.searchParams.get('v') ?? '10';
  const encoding = asked.searchParams.get('encoding') ?? 'json';
  const url = gatewayUrl(publicUrl, request.headers, asked.protocol === 'https:');
  return { info: { ip, version: version === '9' ? 9 : 10, url }, refusal: refusalOf(version, encoding) };
}

/** Both current versions, JSON only; `compress` is ignored, which every library with text frames accepts (wire-rules.md, fields). */
function refusalOf(version: string, encoding: string): CloseName | null {
  if (version !== '9' && version !== '10') return 'invalidVersion';
  return encoding === 'json' ? null : 'decodeError';
}

export const BUSY = { status: 503, headers: { 'retry-after': '5' } } as const;
