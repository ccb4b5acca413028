/** With what a batch is stored, statement by statement. */
import type { Param, Statement } from './cluster.ts';

/**
 * Stores these and resolves with true when they are acknowledged, however often that takes; a logged batch is tried once, or not at all while those
 * before it were late: false. Rejects with `Refused` when the cluster will never take them.
 */
export type Persist = (statements: readonly Statement[], logged: boolean) => Promise<boolean>;

export interface Hands {
  readonly persist: Persist;
  readonly read: <Row>(cql: string, params: readonly Param[]) => Promise<readonly Row[]>;
}

/** The cluster says that a statement is wrong: again would be the same. */
export class Refused extends Error {
  constructor(
    message: string,
    /** Something of the batch may be stored. */
    readonly mayBeStored: boolean,
  ) {
    super(message);
  }
}
