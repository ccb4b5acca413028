/** What a client of the data service says when gRPC refuses it: a sentence, and no number. */
import { expect, test } from 'bun:test';
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { faultOf } from '../../../src/store/grpc/faults.ts';
import { whyUnreached } from '../../../src/store/grpc/unreached.ts';

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

test('a connection that is not made is said in the words of its trouble alone', () => {
  const details = 'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:1. Resolution note: ';
  expect(whyUnreached('127.0.0.1:1', false, details)).toBe(
    'no data service answers at 127.0.0.1:1 (connect ECONNREFUSED 127.0.0.1:1)',
  );
  const cut = faultOf(errorOf(status.UNAVAILABLE, details));
  expect(cut.message).toBe('unavailable: the data service: connect ECONNREFUSED 127.0.0.1:1');
  expect(whyUnreached('a:1', true, 'it is silent')).toBe('no data service answers at a:1 (it is silent)');
});
