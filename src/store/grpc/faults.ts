/** Faults over gRPC: as a status that any client understands, and in the metadata as what they are. */
import { Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { Fault } from '../../protocol/errors.ts';
import { plainTrouble } from './unreached.ts';

export interface Failure {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

const STATUS: Readonly<Record<Fault['code'], status>> = {
  timeout: status.DEADLINE_EXCEEDED,
  overloaded: status.RESOURCE_EXHAUSTED,
  full: status.RESOURCE_EXHAUSTED,
  fenced: status.ABORTED,
  unavailable: status.UNAVAILABLE,
  lost: status.UNAVAILABLE,
  broken: status.UNAVAILABLE,
  stuck: status.UNAVAILABLE,
  shed: status.RESOURCE_EXHAUSTED,
  quarantined: status.UNAVAILABLE,
};

/** `code: sentence` without the code, which the other side puts in front again. */
export const sentenceOf = ({ code, message }: Fault): string => message.slice(code.length + 2);

export function failureOf(fault: Fault): Failure {
  const metadata = new Metadata();
  metadata.set('fault', fault.code);
  metadata.set('retryable', String(fault.retryable));
  if (fault.retryAfterMs !== null) metadata.set('retry-after-ms', String(Math.ceil(fault.retryAfterMs)));
  return { code: STATUS[fault.code], details: sentenceOf(fault), metadata };
}

export const failure = (code: status, details: string): Failure => ({ code, details, metadata: new Metadata() });

/** A code as the other side says it. */
export const codeOf = (said: string): Fault['code'] => (said in STATUS ? (said as Fault['code']) : 'broken');

/** What gRPC itself says, when no service is there to say more. */
const OWN: Readonly<Partial<Record<status, Fault['code']>>> = {
  [status.DEADLINE_EXCEEDED]: 'timeout',
  [status.UNAVAILABLE]: 'unavailable',
  [status.CANCELLED]: 'unavailable',
  [status.RESOURCE_EXHAUSTED]: 'overloaded',
};

const WRONG_TOKEN =
  'the data service does not take this token: it is in the file of --data-token-file, or in data-token of the data directory';

export function faultOf(error: ServiceError): Fault {
  const said = (name: string): string | null => error.metadata?.get(name)[0]?.toString() ?? null;
  const code = said('fault');
  if (code !== null && code in STATUS) {
    const retryAfterMs = Number(said('retry-after-ms') ?? Number.NaN);
    const more = Number.isFinite(retryAfterMs) ? { retryAfterMs } : {};
    return new Fault(codeOf(code), said('retryable') === 'true', error.details, more);
  }
  const own = OWN[error.code];
  if (own !== undefined) return new Fault(own, true, `the data service: ${plainTrouble(error.details)}`);
  if (error.code === status.UNAUTHENTICATED) return new Fault('unavailable', false, WRONG_TOKEN);
  if (error.code === status.FAILED_PRECONDITION)
    return new Fault('broken', false, `the data service refuses: ${error.details}`);
  const name = (status[error.code] ?? 'unknown').toLowerCase().replaceAll('_', ' ');
  return new Fault('broken', false, `the data service refused the call (${name}): ${error.details}`);
}
