/** The calls of proto/data.proto as both sides make them: each with its path, and what encodes and decodes its messages. */
import protobuf from 'protobufjs/light.js';
import { assert } from '../../base/assert.ts';
import { DATA_DESCRIPTOR } from '../../protocol/gen/data-descriptor.ts';

/** A message of the wire by its field names; fields that are optional and absent are not there. */
export type Fields = Readonly<Record<string, unknown>>;

/** One kind of message. */
export interface Codec {
  encode(fields: Fields): Buffer;
  /** Every field that is not optional is there. Throws on bytes that are no such message. */
  decode(bytes: Buffer): Fields;
}

export interface Rpc {
  readonly name: string;
  readonly path: string;
  /** Requests, answers: many instead of one. */
  readonly isRequestStream: boolean;
  readonly isStream: boolean;
  readonly request: Codec;
  readonly answer: Codec;
}

const FULL_NAME = 'guildhall.data.v1.Data';

function codecOf(type: protobuf.Type): Codec {
  return {
    encode: (fields) => {
      const bytes = type.encode(type.fromObject({ ...fields })).finish();
      return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    },
    decode: (bytes) => type.toObject(type.decode(bytes), { longs: Number, defaults: true, arrays: true }),
  };
}

function readRpcs(): ReadonlyMap<string, Rpc> {
  const root = protobuf.Root.fromJSON(DATA_DESCRIPTOR);
  root.resolveAll();
  const { methodsArray } = root.lookupService(FULL_NAME);
  return new Map(
    methodsArray.map(({ name, requestType, responseType, requestStream, responseStream, parent }) => {
      const rpc: Rpc = {
        name,
        path: `/${FULL_NAME}/${name}`,
        isRequestStream: requestStream === true,
        isStream: responseStream === true,
        request: codecOf((parent ?? root).lookupType(requestType)),
        answer: codecOf((parent ?? root).lookupType(responseType)),
      };
      return [name, rpc];
    }),
  );
}

export const RPCS = readRpcs();

export function rpcOf(name: string): Rpc {
  const rpc = RPCS.get(name);
  assert(rpc !== undefined, `${name} is a call of the data service`);
  return rpc;
}
