/** What this room needs of a WebSocket. Implemented in server.bun.ts and server.deno.ts, by fakes in tests. */

export interface Socket {
  /** Bun's meaning: -1 buffered, 0 dropped, more: bytes sent. */
  send(text: string): number;
  /** Bytes written and not yet taken by the kernel. */
  buffered(): number;
  subscribe(topic: string): void;
  unsubscribe(topic: string): void;
  /** With a close frame. What was written before arrives first. */
  close(code: number, reason: string): void;
  /** Without one. */
  terminate(): void;
  /** Writes of `write` leave together. */
  cork(write: () => void): void;
}

/** What is known of a socket from its upgrade request. */
export interface SocketInfo {
  readonly ip: string;
  readonly version: 9 | 10;
  /** `wss://host`: the address that the client has used, without slash and query. */
  readonly url: string;
}
