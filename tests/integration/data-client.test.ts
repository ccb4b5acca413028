/** What the client of the data service puts on the wire. */
import { expect, test } from 'bun:test';
import { type Metadata, Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { realClock } from '../../src/base/clock.ts';
import { Calls } from '../../src/store/grpc/calls.ts';
import { messageQueries } from '../../src/store/grpc/message-queries.ts';
import { rpcOf } from '../../src/store/grpc/wire.ts';
import { CLIENT_LIMITS } from '../support/data-limits.ts';

test('a call about a channel names it as its routing key, and every call has the token', async () => {
  const heard: Metadata[] = [];
  const server = new Server();
  const take = (call: ServerUnaryCall<Buffer, Buffer>, answer: sendUnaryData<Buffer>): void => {
    heard.push(call.metadata);
    answer(null, Buffer.alloc(0));
  };
  const asBytes = (bytes: Buffer): Buffer => bytes;
  const methodOf = (name: string) => ({
    ...{ path: rpcOf(name).path, requestStream: false, responseStream: false },
    ...{
      requestSerialize: asBytes,
      requestDeserialize: asBytes,
      responseSerialize: asBytes,
      responseDeserialize: asBytes,
    },
  });
  server.addService({ Page: methodOf('Page'), GetUser: methodOf('GetUser') }, { Page: take, GetUser: take });
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  const calls = new Calls(`127.0.0.1:${port}`, 'the token', realClock, CLIENT_LIMITS);
  const page = { channelId: '123', before: null, after: null, around: null, limit: 50 };
  await calls.ask({ rpc: 'Page', request: messageQueries.page.request(page), ms: 5000 });
  await calls.ask({ rpc: 'GetUser', request: { id: '5' }, ms: 5000 });
  const said = heard.map((metadata) => [metadata.get('routing-key')[0], metadata.get('authorization')[0]]);
  expect(said).toEqual([
    ['123', 'Bearer the token'],
    [undefined, 'Bearer the token'],
  ]);
  await calls.close();
  expect(await calls.ask({ rpc: 'GetUser', request: { id: '5' }, ms: 5000 }).catch((error) => error.code)).toBe(
    'unavailable',
  );
  server.forceShutdown();
});
