/** What a client of the data service says when gRPC refuses it: a sentence, and no number. */
import { expect, test } from 'bun:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { faultOf } from '../../../src/store/grpc/faults.ts';

const errorOf = (code: status, details: string): ServiceError =>
  Object.assign(new Error(details), { code, details, metadata: new Metadata() });

test('a wrong token is no broken store, and its option is named', () => {
  const fault = faultOf(errorOf(status.UNAUTHENTICATED, 'the token is missing or wrong'));
  expect(fault).toMatchObject({ code: 'unavailable', retryable: false });
  expect(fault.message).toContain('--data-token-file');
});

test('what the service refuses is said in its own words', () => {
  const claimed = faultOf(errorOf(status.FAILED_PRECONDITION, 'another server owns what is stored here'));
  expect(claimed).toMatchObject({ code: 'broken', retryable: false });
  expect(claimed.message).toBe('broken: the data service refuses: another server owns what is stored here');
  const old = faultOf(errorOf(status.UNIMPLEMENTED, 'no such call'));
  expect(old.message).toBe('broken: the data service refused the call (unimplemented): no such call');
});
