/** What became of a request that failed. */
import { errors, types } from 'cassandra-driver';

/** `refused`: the cluster says that the statement is wrong; again would be the same. `absent`: no node took it. `late`: it may be stored. */
export type Trouble = 'refused' | 'absent' | 'late';

const { unavailableException, isBootstrapping } = types.responseErrorCodes;
/** The statement, not the cluster, is at fault. */
const WRONG: ReadonlySet<number> = new Set([
  types.responseErrorCodes.syntaxError,
  types.responseErrorCodes.unauthorized,
  types.responseErrorCodes.invalid,
  types.responseErrorCodes.configError,
  types.responseErrorCodes.alreadyExists,
  types.responseErrorCodes.protocolError,
]);

export function troubleOf(error: unknown): Trouble {
  if (error instanceof errors.ResponseError) {
    if (WRONG.has(error.code)) return 'refused';
    return error.code === unavailableException || error.code === isBootstrapping ? 'absent' : 'late';
  }
  if (error instanceof errors.NoHostAvailableError) {
    const told = toldOf(error);
    return told.some((each) => troubleOf(each) === 'late') ? 'late' : 'absent';
  }
  if (error instanceof errors.BusyConnectionError) return 'absent';
  if (error instanceof errors.ArgumentError) return 'refused';
  // A connection that was cut: a write on it may have arrived. What is no error of the cluster or of the network is a bug of ours.
  return error instanceof errors.DriverError || isOfNetwork(error) ? 'late' : 'refused';
}

/** What each node said; none when there is no connection at all. */
const toldOf = ({ innerErrors }: errors.NoHostAvailableError): unknown[] =>
  Object.values((innerErrors ?? {}) as Readonly<Record<string, unknown>>);

/** Who asks is not let in. */
export const isOfLogin = (error: unknown): boolean =>
  error instanceof errors.AuthenticationError ||
  (error instanceof errors.NoHostAvailableError && toldOf(error).some((told) => told !== error && isOfLogin(told)));

/** Those that nodes were found in when none of them is the one that is named; null: it is not that. The driver has no other word for it. */
export const datacentersIn = (error: unknown): readonly string[] | null =>
  /only found hosts in data centers: \[(.+)\]/.exec(sentence(error))?.[1]?.split(', ') ?? null;

const isOfNetwork = (error: unknown): boolean => error instanceof Error && 'code' in error && 'syscall' in error;

export function sentence(error: unknown): string {
  if (error instanceof errors.NoHostAvailableError) {
    const [first] = toldOf(error);
    if (first !== undefined && first !== error) return sentence(first);
  }
  return error instanceof Error ? error.message : String(error);
}

/** As an error that crosses to another thread: a copy of the driver's own is none any more, and says nothing. */
export const crossing = (error: unknown): unknown =>
  error instanceof errors.DriverError
    ? new Error(`The cluster does not do what it is asked: ${sentence(error)}`)
    : error;
